//! Events, as API Gateway sends them.

use std::collections::BTreeMap;

use local_stack::StackFile;
use serde_json::{Value, json};

/// Returns the event of a request for the signed URL of an asset.
pub(super) fn sign_event(stack: &StackFile) -> Value {
    let viewer = stack.packages.viewer.as_str();
    event("/cloudfront/sign", stack, &[("package_id", viewer), ("path", stack.assets.thumbnail.as_str())])
}

/// Returns the same event for a path that does not exist.
pub(super) fn without_endpoint(event: &Value) -> Value {
    let mut event = event.clone();
    event["requestContext"]["http"]["path"] = json!("/nowhere");
    event
}

/// Returns the same event with another method.
pub(super) fn with_method(method: &str, mut event: Value) -> Value {
    event["requestContext"]["http"]["method"] = json!(method);
    event
}

/// Returns an event for an editor's GET request, as API Gateway sends it.
pub(in crate::bench) fn event(path: &str, stack: &StackFile, parameters: &[(&str, &str)]) -> Value {
    let mut decoded: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    decoded.insert("dataset_id", stack.dataset_id.as_str());
    let raw = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&decoded).finish();
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": raw,
        "queryStringParameters": decoded,
        "requestContext": {
            "requestId": "bench",
            "http": {"method": "GET", "path": path},
            "authorizer": {"lambda": claims(stack)},
        },
        "isBase64Encoded": false,
    })
}

/// Returns the claims of an editor, as the authorizer of the platform returns them.
fn claims(stack: &StackFile) -> Value {
    json!({
        "user_claim": {"Id": 101, "NodeId": "N:user:1", "IsSuperAdmin": false},
        "org_claim": {"Role": 16, "IntId": stack.organization_id, "NodeId": "N:organization:1"},
        "dataset_claim": {"Role": 3, "NodeId": stack.dataset_id, "IntId": 1},
    })
}
