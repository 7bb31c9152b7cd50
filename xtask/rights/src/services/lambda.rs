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

pub(super) fn required(call: &Call<'_>) -> Required {
    let Some((operation, names)) = call.route(&ROUTES) else {
        return call.unknown(format!("{} {}", call.parts.method, call.parts.uri.path()));
    };
    let name = names.first().map_or("", String::as_str);
    let resource = match operation {
        "CreateEventSourceMapping" | "ListFunctions" | "ListEventSourceMappings" => "*".to_owned(),
        "ListTags" | "TagResource" => name.to_owned(),
        "GetEventSourceMapping" | "UpdateEventSourceMapping" | "DeleteEventSourceMapping" => {
            call.regional(&format!("event-source-mapping:{name}"))
        }
        "CreateFunction" => {
            let body = call.json();
            call.regional(&format!("function:{}", super::json::text(&body, "FunctionName")))
        }
        // A name may be an ARN.
        _ => call
            .regional(&format!("function:{}", name.rsplit_once(":function:").map_or(name, |(_, name)| name))),
    };
    Ok(vec![Access::new(call.action(operation), resource)])
}
