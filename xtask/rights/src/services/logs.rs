//! CloudWatch Logs: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>.

use super::json::text;
use super::{Call, Required};
use crate::access::Access;

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let parameters = call.json();
    let group = match text(&parameters, "logGroupName") {
        "" => text(&parameters, "logGroupIdentifier"),
        name => name,
    };
    let group = group.rsplit_once(":log-group:").map_or(group, |(_, name)| name);
    let resource = match operation.as_str() {
        // Permissions for streams name the stream, all others end with `:*`:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
        "PutLogEvents" | "GetLogEvents" | "DeleteLogStream" => {
            format!("log-group:{group}:log-stream:{}", text(&parameters, "logStreamName"))
        }
        "CreateLogGroup"
        | "CreateLogStream"
        | "DeleteLogGroup"
        | "DeleteRetentionPolicy"
        | "DeleteSubscriptionFilter"
        | "DescribeLogStreams"
        | "DescribeSubscriptionFilters"
        | "FilterLogEvents"
        | "PutRetentionPolicy"
        | "PutSubscriptionFilter" => format!("log-group:{group}:*"),
        "DescribeLogGroups" => "log-group:*:*".to_owned(),
        _ => return call.unknown(operation),
    };
    Ok(vec![Access::new(call.action(&operation), call.regional(&resource))])
}
