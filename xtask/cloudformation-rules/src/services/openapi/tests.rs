use serde_json::{Value, json};

use crate::rule::Rule;
use crate::testing::{Request, rules};

/// Returns a document with one operation.
fn document(operation: &Value) -> Value {
    let authorizer = json!({
        "type": "request",
        "authorizerPayloadFormatVersion": "2.0",
        "authorizerResultTtlInSeconds": 300,
        "authorizerUri": "uri",
    });
    let scheme = json!({ "type": "apiKey", "x-amazon-apigateway-authorizer": authorizer });
    json!({
        "openapi": "3.0.1",
        "paths": { "/items": { "get": operation } },
        "components": { "schemas": { "Item": {} }, "securitySchemes": { "token": scheme } },
    })
}

fn operation() -> Value {
    json!({
        "security": [{ "token": [] }],
        "parameters": [{ "name": "a", "in": "query" }, { "name": "a", "in": "header" }],
        "responses": { "200": { "$ref": "#/components/schemas/Item" } },
        "x-amazon-apigateway-integration": { "type": "AWS_PROXY" },
    })
}

fn import(document: &Value, fail_on_warnings: bool) -> Vec<Rule> {
    let properties = json!({ "Body": document, "FailOnWarnings": fail_on_warnings });
    rules(&Request::of_resources(
        &json!({ "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": properties } }),
    ))
}

#[test]
fn valid_document_is_imported() {
    assert_eq!(import(&document(&operation()), true), []);
}

#[test]
fn document_is_openapi_3_0() {
    let mut document = document(&operation());
    document["openapi"] = "3.1.0".into();
    assert_eq!(import(&document, false), [Rule::MalformedOpenApi]);
    assert_eq!(import(&json!({ "openapi": "3.0.1" }), false), [Rule::MalformedOpenApi]);
    assert_eq!(import(&json!({ "swagger": "2.0", "paths": {} }), false), [Rule::MalformedOpenApi]);
}

#[test]
fn warnings_fail_the_import_only_if_this_is_asked_for() {
    let cases = [
        ("security", json!([{ "other": [] }]), Rule::UnknownAuthorizer),
        (
            "parameters",
            json!([{ "name": "a", "in": "query" }, { "name": "a", "in": "query" }]),
            Rule::DuplicateParameter,
        ),
        ("responses", json!({ "$ref": "#/components/schemas/Other" }), Rule::UnresolvedModel),
        ("x-amazon-apigateway-integration", json!({ "type": "aws" }), Rule::UnsupportedIntegration),
        ("x-amazon-apigateway-throttle", json!({}), Rule::UnknownExtension),
    ];
    for (key, value, rule) in cases {
        let mut operation = operation();
        operation[key] = value;
        assert_eq!(import(&document(&operation), true), [rule], "{key}");
        assert_eq!(import(&document(&operation), false), [], "{key}");
    }
}

#[test]
fn operation_has_an_integration() {
    assert_eq!(import(&document(&json!({})), true), [Rule::MissingIntegration]);
}

#[test]
fn integration_may_be_a_reference() {
    let reference = json!({ "$ref": "#/components/x-amazon-apigateway-integrations/lambda" });
    let mut document = document(&json!({ "x-amazon-apigateway-integration": reference }));
    document["components"]["x-amazon-apigateway-integrations"] = json!({ "lambda": { "type": "aws_proxy" } });
    assert_eq!(import(&document, true), []);
    document["components"]["x-amazon-apigateway-integrations"]["lambda"]["type"] = "mock".into();
    assert_eq!(import(&document, true), [Rule::UnsupportedIntegration]);
}

#[test]
fn authorizer_has_what_its_kind_needs() {
    let with = |key: &str, value: Value| {
        let mut document = document(&operation());
        document["components"]["securitySchemes"]["token"]["x-amazon-apigateway-authorizer"][key] = value;
        import(&document, false)
    };
    assert_eq!(with("authorizerResultTtlInSeconds", json!(3_600)), []);
    assert_eq!(with("authorizerResultTtlInSeconds", json!(3_601)), [Rule::MalformedAuthorizer]);
    assert_eq!(with("authorizerPayloadFormatVersion", json!("3.0")), [Rule::MalformedAuthorizer]);
    assert_eq!(with("authorizerUri", Value::Null), [Rule::MalformedAuthorizer]);
    assert_eq!(with("type", json!("token")), [Rule::MalformedAuthorizer]);
    assert_eq!(with("type", json!("jwt")), [Rule::MalformedAuthorizer]);
}
