//! Alarms on the restore queue and its dead-letter queue.

use openapi::{RESTORE_QUEUE_VISIBILITY_SECONDS, restore_retry_delays_seconds};

use super::builder::{Alarms, Definition, Notification, Text};
use super::measures::{FIVE_MINUTES, MINUTE, input, maximum, result};
use crate::cloudformation::{Comparison, Dimension, Expression, Measure, Metric, Number, Value};
use crate::infrastructure::restore_function;

/// The highest age of a message of the restore queue that is retried as designed: all delays between its receives, and
/// either a run of the function at each receive that takes the longest possible time, or one crash, which hides the message
/// for the visibility timeout of the queue. That timeout is as long as all these runs together.
///
/// SQS does not include a message in this metric after its third receive:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>.
/// From then on there is the alarm on dead letters, and the one on errors of a function that keeps crashing. The alarm on a
/// stuck queue reports much earlier that nothing receives.
const LONGEST_EXPLAINED_AGE: u32 = restore_retry_delays_seconds() + RESTORE_QUEUE_VISIBILITY_SECONDS;

/// How many periods of five minutes may pass without a receive. Nothing is received either while all concurrent runs restore
/// large folders, for as long as one run can take.
const STUCK_PERIODS: u32 = restore_function::TIMEOUT_SECONDS / FIVE_MINUTES.seconds() + 1;

pub(super) fn add(alarms: &mut Alarms<'_>) {
    let dead_letters = alarms.context.names.restore_dead_letter_queue().into();
    alarms.add(Definition {
        id: "DeadLettersAlarm",
        text: Text {
            name: "restore-dead-letters",
            meaning: "Messages of the restore queue failed at every receive and are dead letters now; their packages \
                      stay RESTORING until someone acts.",
            command: "queue status",
            then: "it lists the dead letters with their packages and reasons.",
        },
        notification: Notification::Own,
        measure: maximum(queue(dead_letters, "ApproximateNumberOfMessagesVisible"), MINUTE),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<1>(),
    });
    let restore: Value<String> = alarms.context.names.restore_queue().into();
    alarms.add(Definition {
        id: "OldestMessageAlarm",
        text: Text {
            name: "restore-oldest-message",
            meaning: "A package waits to be restored for longer than retries explain.",
            command: "logs --errors --since 3h --function restore",
            then: "it shows why its message fails.",
        },
        notification: Notification::RestoreHealth,
        measure: maximum(queue(restore.clone(), "ApproximateAgeOfOldestMessage"), FIVE_MINUTES),
        comparison: Comparison::GreaterThanThreshold,
        threshold: LONGEST_EXPLAINED_AGE.into(),
        periods: Number::of::<1>(),
    });
    // SQS sends no value of a metric while nothing is received, which counts as zero.
    let is_stuck = "IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)".to_owned();
    let waiting = queue(restore.clone(), "ApproximateNumberOfMessagesVisible");
    let received = queue(restore, "NumberOfMessagesReceived");
    alarms.add(Definition {
        id: "StuckQueueAlarm",
        text: Text {
            name: "restore-queue-stuck",
            meaning: "Packages wait to be restored, and the restore function receives no messages.",
            command: "drift",
            then: "it shows whether the event source mapping of the restore function was changed or deleted.",
        },
        notification: Notification::RestoreHealth,
        measure: Measure::Expression(Expression {
            metrics: vec![
                input("waiting", waiting, FIVE_MINUTES, "Minimum"),
                input("received", received, FIVE_MINUTES, "Sum"),
                result("stuck", "Waiting, and none received", is_stuck),
            ],
        }),
        comparison: Comparison::GreaterThanThreshold,
        threshold: 0,
        periods: Number::of::<STUCK_PERIODS>(),
    });
}

fn queue(name: Value<String>, metric_name: &'static str) -> Metric {
    Metric {
        namespace: "AWS/SQS",
        metric_name,
        dimensions: vec![Dimension { name: "QueueName", value: name }],
    }
}

#[cfg(test)]
mod tests {
    use openapi::{
        RESTORE_QUEUE_MAXIMUM_RECEIVES, RESTORE_QUEUE_VISIBILITY_SECONDS, restore_retry_delay_seconds,
    };

    use super::restore_function;
    use crate::infrastructure::alarms::tests::alarm;

    #[test]
    fn message_retried_as_designed_triggers_no_alarm() {
        let threshold = alarm("OldestMessageAlarm")["Threshold"].as_u64().unwrap();
        let delays = |receives: u32| (1..=receives).map(restore_retry_delay_seconds).sum::<u32>();
        let longest_runs = RESTORE_QUEUE_MAXIMUM_RECEIVES * restore_function::TIMEOUT_SECONDS;
        for age in [
            longest_runs + delays(RESTORE_QUEUE_MAXIMUM_RECEIVES),
            RESTORE_QUEUE_VISIBILITY_SECONDS + delays(RESTORE_QUEUE_MAXIMUM_RECEIVES - 1),
        ] {
            assert!(u64::from(age) <= threshold, "{age} s");
        }
        let half_a_day = 12 * 60 * 60;
        assert!(threshold < half_a_day, "a message that is never received is kept for a few days only");
    }

    #[test]
    fn queue_without_receives_triggers_an_alarm_soon_after_the_longest_run() {
        let alarm = alarm("StuckQueueAlarm");
        let query = |id: &str| {
            let metrics = alarm["Metrics"].as_array().unwrap();
            metrics.iter().find(|query| query["Id"] == id).unwrap().clone()
        };
        let seconds = alarm["EvaluationPeriods"].as_u64().unwrap()
            * query("received")["MetricStat"]["Period"].as_u64().unwrap();
        let longest_run = u64::from(restore_function::TIMEOUT_SECONDS);
        assert!((longest_run + 1..=2 * longest_run).contains(&seconds), "{seconds} s");
        assert_eq!(query("stuck")["Expression"], "IF(waiting > 0 AND FILL(received, 0) == 0, 1, 0)");
        assert_eq!(query("waiting")["MetricStat"]["Stat"], "Minimum");
    }
}
