//! Systems Manager: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>.

use super::json::{text, texts};
use super::{Call, Required};
use crate::access::Access;

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let parameters = call.json();
    let names: Vec<&str> = match operation.as_str() {
        "AddTagsToResource" | "ListTagsForResource" | "RemoveTagsFromResource" => {
            vec![text(&parameters, "ResourceId")]
        }
        "DeleteParameter" | "GetParameter" | "GetParameterHistory" | "PutParameter" => {
            vec![text(&parameters, "Name")]
        }
        "DeleteParameters" | "GetParameters" => texts(&parameters, "Names").collect(),
        "GetParametersByPath" => vec![text(&parameters, "Path")],
        "DescribeParameters" => return Ok(vec![Access::on_everything(call.action(&operation))]),
        _ => return call.unknown(operation),
    };
    Ok(names
        .into_iter()
        .map(|name| Access::new(call.action(&operation), parameter_arn(call, name)))
        .collect())
}

/// Returns the ARN of a parameter, which may be named by its ARN, or with a version or a label.
fn parameter_arn(call: &Call<'_>, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let (name, _) = name.split_once(':').unwrap_or((name, ""));
    // A name in a hierarchy begins with a slash, which the ARN contains once:
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
    call.regional(&format!("parameter/{}", name.trim_start_matches('/')))
}
