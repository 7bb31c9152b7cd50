//! API Gateway, version 2: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html>.

use super::{Call, Required};
use crate::access::Access;

pub(super) fn required(call: &Call<'_>) -> Required {
    let path = call.parts.uri.path();
    // Its actions are the methods, and its resources the paths.
    let Some(path) = path.strip_prefix("/v2") else {
        return call.unknown(format!("{} {path}", call.parts.method));
    };
    let resource = format!("arn:aws:apigateway:{}::{path}", call.region);
    Ok(vec![Access::new(call.action(call.parts.method.as_str()), resource)])
}
