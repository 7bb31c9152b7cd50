//! Tests each kind of change on this service's own document.

use openapi::openapi_document;
use serde_json::{Value, json};

use super::{ContractChange, contract_changes};

/// Returns the descriptions of the changes made by `edit`.
///
/// A breaking change has the prefix `!`, and one that widens access the prefix `+`.
fn descriptions(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = openapi_document();
    let mut new = old.clone();
    edit(&mut new);
    let changes = contract_changes(&old, &new);
    let mark = |change: &ContractChange| match (change.breaking, change.opens) {
        (true, _) => "! ",
        (false, true) => "+ ",
        (false, false) => "",
    };
    changes.iter().map(|change| format!("{}{change}", mark(change))).collect()
}

fn parameter<'a>(document: &'a mut Value, path: &str, method: &str, name: &str) -> &'a mut Value {
    let parameters = document["paths"][path][method]["parameters"].as_array_mut().unwrap();
    parameters.iter_mut().find(|parameter| parameter["name"] == name).unwrap()
}

#[test]
fn same_document_has_no_changes() {
    assert_eq!(descriptions(|_| {}), [""; 0]);
    assert_eq!(descriptions(|document| document["info"]["description"] = json!("other words")), [""; 0]);
}

#[test]
fn added_and_removed_routes_are_listed() {
    let removed = descriptions(|document| {
        document["paths"].as_object_mut().unwrap().remove("/restore");
    });
    assert_eq!(removed, ["! POST /restore: removed"]);
    let added = descriptions(|document| document["paths"]["/other"] = json!({"get": {"responses": {}}}));
    assert_eq!(added, ["+ GET /other: added, and requires no token"]);
}

#[test]
fn change_that_rejects_valid_requests_is_breaking() {
    let sign = "/cloudfront/sign";
    let required =
        descriptions(|document| parameter(document, sign, "get", "path")["required"] = json!(true));
    assert_eq!(required, ["! GET /cloudfront/sign, parameter `path`: is now required"]);
    let fewer = descriptions(|document| {
        parameter(document, sign, "get", "scope")["schema"]["enum"] = json!(["file"]);
    });
    assert_eq!(fewer, ["! GET /cloudfront/sign, parameter `scope`: value \"package\" removed"]);
    let more = descriptions(|document| {
        parameter(document, sign, "get", "scope")["schema"]["enum"] = json!(["file", "package", "all"]);
    });
    assert_eq!(more, ["GET /cloudfront/sign, parameter `scope`: value \"all\" added"]);
    let shorter =
        descriptions(|document| parameter(document, sign, "get", "path")["schema"]["maxLength"] = json!(512));
    assert_eq!(shorter, ["! GET /cloudfront/sign, parameter `path`: maxLength is 512, was 1024"]);
    let ids = descriptions(|document| {
        document["components"]["schemas"]["RestoreRequest"]["properties"]["nodeIds"]["maxItems"] =
            json!(20_000);
    });
    assert_eq!(ids, ["POST /restore, body, field `nodeIds`: maxItems is 20000, was 10000"]);
    let field = descriptions(|document| {
        document["components"]["schemas"]["RestoreRequest"]["properties"]["why"] = json!({"type": "string"});
        document["components"]["schemas"]["RestoreRequest"]["required"] = json!(["nodeIds", "why"]);
    });
    assert_eq!(field, ["! POST /restore, body, field `why`: added, and required"]);
    let added = descriptions(|document| {
        let parameters = document["paths"][sign]["get"]["parameters"].as_array_mut().unwrap();
        parameters
            .push(json!({"name": "reason", "in": "query", "required": true, "schema": {"type": "string"}}));
        parameters.retain(|parameter| parameter["name"] != "scope");
    });
    assert_eq!(
        added,
        [
            "! GET /cloudfront/sign, parameter `reason`: added, and required",
            "! GET /cloudfront/sign, parameter `scope`: removed",
        ]
    );
}

#[test]
fn change_that_breaks_a_response_schema_is_breaking() {
    let gone = descriptions(|document| {
        let schema = &mut document["components"]["schemas"]["PresignedObject"];
        schema["properties"].as_object_mut().unwrap().remove("expires_at");
    });
    assert_eq!(gone, ["! GET /presign/s3, response 200, field `expires_at`: removed"]);
    let optional = descriptions(|document| {
        document["components"]["schemas"]["PresignedObject"]["required"] = json!(["presigned_url"]);
    });
    assert_eq!(optional, ["! GET /presign/s3, response 200, field `expires_at`: may now be missing"]);
    let text = descriptions(|document| {
        document["components"]["schemas"]["PresignedObject"]["properties"]["expires_at"]["type"] =
            json!("string");
    });
    assert_eq!(text, ["! GET /presign/s3, response 200, field `expires_at`: is string, was integer"]);
    let more = descriptions(|document| {
        document["components"]["schemas"]["PresignedObject"]["properties"]["size"] =
            json!({"type": "integer"});
    });
    assert_eq!(more, ["GET /presign/s3, response 200, field `size`: added"]);
    let hash = descriptions(|document| {
        let alternatives =
            document["components"]["schemas"]["HashAlgorithm"]["oneOf"].as_array_mut().unwrap();
        alternatives.push(json!({"const": "SHA512", "type": "string"}));
    });
    assert_eq!(
        hash,
        [
            "! GET /cloudfront/sign, response 200, SignedPackage, field `hash_algorithm`: value \"SHA512\" added"
        ]
    );
    let form = descriptions(|document| {
        let schema = &mut document["paths"]["/cloudfront/sign"]["get"]["responses"]["200"]["content"];
        schema["application/json"]["schema"]["oneOf"].as_array_mut().unwrap().remove(1);
    });
    assert_eq!(form, ["GET /cloudfront/sign, response 200: SignedPackage removed from the alternatives"]);
    let header = descriptions(|document| {
        let response = &mut document["paths"]["/proxy/s3"]["get"]["responses"]["307"];
        response["headers"].as_object_mut().unwrap().remove("Location");
    });
    assert_eq!(header, ["! GET /proxy/s3, response 307: header `location` removed"]);
    let shared = descriptions(|document| {
        let response = &mut document["components"]["responses"]["ContentTooLarge"];
        response["headers"] = json!({});
    });
    assert_eq!(shared, ["! POST /restore, response 413: header `apigw-requestid` removed"]);
}

#[test]
fn access_is_part_of_the_contract() {
    let public =
        descriptions(|document| document["paths"]["/proxy/s3"]["get"]["security"] = json!([{"token": []}]));
    assert_eq!(public, ["! GET /proxy/s3: now requires a token"]);
    let dropped = descriptions(|document| document["paths"]["/restore"]["post"]["security"] = json!([]));
    assert_eq!(dropped, ["+ POST /restore: no longer requires a token"]);
    let optional = descriptions(|document| {
        document["paths"]["/restore"]["post"]["security"].as_array_mut().unwrap().push(json!({}));
    });
    assert_eq!(optional, ["+ POST /restore: no longer requires a token"]);
    let role = |role: &str| {
        descriptions(|document| document["paths"]["/restore"]["post"]["x-required-role"] = json!(role))
    };
    assert_eq!(role("viewer"), ["+ POST /restore: requires the role viewer, was editor"]);
    assert_eq!(role("owner"), ["! POST /restore: requires the role owner, was editor"]);
    let protected = descriptions(|document| {
        document["paths"]["/other"] = json!({"get": {"responses": {}, "security": [{"accessToken": []}]}});
    });
    assert_eq!(protected, ["GET /other: added"]);
}
