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
    Ok(vec![Access::new(call.action(action), call.regional(name))])
}
