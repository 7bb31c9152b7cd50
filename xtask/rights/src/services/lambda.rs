//! Lambda: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.

use http::Method;

use super::path::Route;
use super::{Call, Required};
use crate::access::Access;

const ROUTES: [Route; 18] = [
    (&Method::POST, "functions", "CreateFunction"),
    (&Method::GET, "functions", "ListFunctions"),
    (&Method::GET, "functions/*", "GetFunction"),
    (&Method::DELETE, "functions/*", "DeleteFunction"),
    (&Method::GET, "functions/*/configuration", "GetFunctionConfiguration"),
    (&Method::PUT, "functions/*/configuration", "UpdateFunctionConfiguration"),
    (&Method::PUT, "functions/*/code", "UpdateFunctionCode"),
    (&Method::GET, "functions/*/policy", "GetPolicy"),
    (&Method::POST, "functions/*/policy", "AddPermission"),
    (&Method::DELETE, "functions/*/policy/*", "RemovePermission"),
    (&Method::POST, "functions/*/invocations", "InvokeFunction"),
    (&Method::GET, "event-source-mappings", "ListEventSourceMappings"),
    (&Method::POST, "event-source-mappings", "CreateEventSourceMapping"),
    (&Method::GET, "event-source-mappings/*", "GetEventSourceMapping"),
    (&Method::PUT, "event-source-mappings/*", "UpdateEventSourceMapping"),
    (&Method::DELETE, "event-source-mappings/*", "DeleteEventSourceMapping"),
    (&Method::GET, "tags/*", "ListTags"),
    (&Method::POST, "tags/*", "TagResource"),
];

/// The condition key of event source mappings:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html#awslambda-policy-keys>.
const FUNCTION: &str = "lambda:FunctionArn";

pub(super) fn required(call: &Call<'_>) -> Required {
    let Some((operation, names)) = call.route(&ROUTES) else {
        return call.unknown(format!("{} {}", call.parts.method, call.parts.uri.path()));
    };
    let name = names.first().map_or("", String::as_str);
    let function = |name: &str| call.regional(&format!("function:{}", function_name(name)));
    let access = |resource| Access::new(call.action(operation), resource);
    Ok(vec![match operation {
        "CreateEventSourceMapping" => {
            access("*".to_owned()).with(FUNCTION, function(super::json::text(&call.json(), "FunctionName")))
        }
        "GetEventSourceMapping" | "UpdateEventSourceMapping" | "DeleteEventSourceMapping" => {
            let access = access(call.regional(&format!("event-source-mapping:{name}")));
            match call.policies.function_of(name) {
                Some(function) => access.with(FUNCTION, function),
                None => access,
            }
        }
        "ListFunctions" | "ListEventSourceMappings" => access("*".to_owned()),
        "ListTags" | "TagResource" => access(name.to_owned()),
        "CreateFunction" => access(function(super::json::text(&call.json(), "FunctionName"))),
        _ => access(function(name)),
    }])
}

/// Returns the name of a function from its name or its ARN.
pub(crate) fn function_name(name: &str) -> &str {
    name.rsplit_once(":function:").map_or(name, |(_, name)| name)
}
