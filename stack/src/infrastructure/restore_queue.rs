//! The restore queue and its dead-letter queue.

use openapi::{RESTORE_QUEUE_MAXIMUM_RECEIVES, RESTORE_QUEUE_VISIBILITY_SECONDS};

use super::context::Context;
use crate::cloudformation::{Handle, Number, Queue, QueueAttribute, RedrivePolicy, Template};

const DAY: u32 = 86_400;

pub(super) struct Queues {
    pub(super) restore: Handle<Queue>,
    pub(super) dead_letters: Handle<Queue>,
}

pub(super) fn add(template: &mut Template, context: &Context<'_>) -> Queues {
    let dead_letters = template.add(
        "RestoreDeadLetterQueue",
        Queue {
            queue_name: context.names.restore_dead_letter_queue(),
            message_retention_period: Number::of::<{ 14 * DAY }>(),
            receive_message_wait_time_seconds: Number::of::<20>(),
            sqs_managed_sse_enabled: true,
            visibility_timeout: None,
            redrive_policy: None,
        },
    );
    let restore = template.add(
        "RestoreQueue",
        Queue {
            queue_name: context.names.restore_queue(),
            message_retention_period: Number::of::<{ 4 * DAY }>(),
            receive_message_wait_time_seconds: Number::of::<20>(),
            sqs_managed_sse_enabled: true,
            visibility_timeout: Some(Number::of::<RESTORE_QUEUE_VISIBILITY_SECONDS>()),
            redrive_policy: Some(RedrivePolicy {
                dead_letter_target_arn: dead_letters.attribute(QueueAttribute::Arn),
                max_receive_count: Number::of::<RESTORE_QUEUE_MAXIMUM_RECEIVES>(),
            }),
        },
    );
    Queues { restore, dead_letters }
}
