//! SQS: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>.

use super::json::text;
use super::{Call, Required};
use crate::access::Access;

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    // A batch needs the permission for one message.
    let action = match operation.as_str() {
        "SendMessageBatch" => "SendMessage",
        "DeleteMessageBatch" => "DeleteMessage",
        "ChangeMessageVisibilityBatch" => "ChangeMessageVisibility",
        "ListQueues" => return Ok(vec![Access::new(call.action("ListQueues"), call.regional("*"))]),
        "AddPermission"
        | "ChangeMessageVisibility"
        | "CreateQueue"
        | "DeleteMessage"
        | "DeleteQueue"
        | "GetQueueAttributes"
        | "GetQueueUrl"
        | "ListDeadLetterSourceQueues"
        | "ListQueueTags"
        | "PurgeQueue"
        | "ReceiveMessage"
        | "RemovePermission"
        | "SendMessage"
        | "SetQueueAttributes"
        | "TagQueue"
        | "UntagQueue" => &operation,
        _ => return call.unknown(operation),
    };
    let parameters = call.json();
    let name = match text(&parameters, "QueueUrl").rsplit_once('/') {
        Some((_, name)) => name,
        None => text(&parameters, "QueueName"),
    };
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    let on_key: &[&str] = match action {
        "ReceiveMessage" => &["kms:Decrypt"],
        "SendMessage" => &["kms:Decrypt", "kms:GenerateDataKey"],
        _ => &[],
    };
    let key = call.policies.key_of_queue(name);
    let on_key = key.into_iter().flat_map(|key| on_key.iter().map(|action| call.key_access(action, key)));
    Ok([Access::new(call.action(action), call.regional(name))].into_iter().chain(on_key).collect())
}
