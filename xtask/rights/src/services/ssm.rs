//! Systems Manager: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>.

use serde_json::Value as Json;

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
    let on_parameters =
        names.iter().map(|name| Access::new(call.action(&operation), parameter_arn(call, name)));
    let on_keys = names.iter().filter_map(|name| key_access(call, &operation, &parameters, name));
    Ok(on_parameters.chain(on_keys).collect())
}

/// Returns the permissions for the key of a secure parameter, if it has a key of its own:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html>.
fn key_access(call: &Call<'_>, operation: &str, parameters: &Json, name: &str) -> Option<Access> {
    let (action, key) = match operation {
        "PutParameter" => {
            ("kms:Encrypt", parameters["KeyId"].as_str().filter(|key| key.starts_with("arn:"))?)
        }
        "GetParameter" | "GetParameterHistory" | "GetParameters" if parameters["WithDecryption"] == true => {
            ("kms:Decrypt", call.policies.key_of_parameter(name)?)
        }
        _ => return None,
    };
    Some(call.key_access(action, key))
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
