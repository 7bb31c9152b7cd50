use std::collections::BTreeMap;

use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{ResourceStatus, StackResourceSummary};
use serde_json::{Value, json};

use super::{Attached, Scope, scopes};
use crate::cloud_control::ListedResource;

fn resource(logical_id: &str, kind: &str, physical_id: &str) -> StackResourceSummary {
    StackResourceSummary::builder()
        .logical_resource_id(logical_id)
        .physical_resource_id(physical_id)
        .resource_type(kind)
        .resource_status(ResourceStatus::CreateComplete)
        .last_updated_timestamp(DateTime::from_secs(0))
        .build()
}

/// What has to be listed for an API with two routes and a mapping, and two functions, one with a permission and a log
/// subscription.
fn example() -> Vec<Scope> {
    let protected = json!({ "security": [{ "authorizer": [] }] });
    let body = json!({ "paths": { "/restore": { "post": protected }, "/health": { "get": {} } } });
    let template = json!({ "Resources": {
        "Api": { "Properties": { "Body": body } },
        "Mapping": { "Properties": { "ApiId": { "Ref": "Api" }, "DomainName": { "Ref": "ApiDomain" } } },
        "Permission": { "Properties": { "FunctionName": { "Ref": "Function" } } },
        "Filter": { "Properties": { "LogGroupName": { "Ref": "Logs" } } },
    }});
    let resources = [
        resource("Api", "AWS::ApiGatewayV2::Api", "a1"),
        resource("Mapping", "AWS::ApiGatewayV2::ApiMapping", "m1"),
        resource("Function", "AWS::Lambda::Function", "dev-api"),
        resource("Other", "AWS::Lambda::Function", "dev-restore"),
        resource("Permission", "AWS::Lambda::Permission", "stack-Permission-1"),
        resource("Logs", "AWS::Logs::LogGroup", "/aws/lambda/dev-api"),
        resource("OtherLogs", "AWS::Logs::LogGroup", "/aws/lambda/dev-restore"),
        resource("Filter", "AWS::Logs::SubscriptionFilter", "stack-Filter-1"),
    ];
    let parameters = BTreeMap::from([("ApiDomain".to_owned(), "api.example.org".to_owned())]);
    scopes(&resources, &template, &parameters)
}

/// Compares what one resource of the example is listed with.
fn compared(parent: &str, listed: &[(&str, Value)]) -> Vec<String> {
    let listed: Vec<_> = listed
        .iter()
        .map(|(identifier, properties)| ListedResource {
            identifier: (*identifier).to_owned(),
            properties: properties.clone(),
        })
        .collect();
    let scope = example().into_iter().find(|scope| scope.parent == parent).unwrap();
    let text = |Attached { name, change, .. }: Attached| format!("{name} {change}");
    scope.compare(&listed).into_iter().map(text).collect()
}

#[test]
fn everything_is_listed_by_the_resource_that_it_belongs_to() {
    let scopes = example();
    let scopes: Vec<_> =
        scopes.iter().map(|scope| format!("{} {} {}", scope.kind, scope.parent, scope.model)).collect();
    insta::assert_snapshot!(scopes.join("\n"), @r#"
    AWS::ApiGatewayV2::Route Api {"ApiId":"a1"}
    AWS::ApiGatewayV2::ApiMapping api.example.org {"DomainName":"api.example.org"}
    AWS::Lambda::Permission Function {"FunctionName":"dev-api"}
    AWS::Lambda::Permission Other {"FunctionName":"dev-restore"}
    AWS::Logs::SubscriptionFilter Logs {"LogGroupName":"/aws/lambda/dev-api"}
    "#);
}

#[test]
fn added_deleted_and_unprotected_routes_are_found() {
    let route =
        |key: &str, authorization: &str| json!({ "RouteKey": key, "AuthorizationType": authorization });
    let as_deployed = [("a1|1", route("POST /restore", "CUSTOM")), ("a1|2", route("GET /health", "NONE"))];
    assert_eq!(compared("Api", &as_deployed), Vec::<String>::new());
    let changed = [("a1|1", route("POST /restore", "NONE")), ("a1|3", route("GET /debug", "NONE"))];
    assert_eq!(
        compared("Api", &changed),
        ["POST /restore UNPROTECTED", "GET /debug ADDED", "GET /health DELETED"]
    );
}

#[test]
fn only_mappings_to_the_api_count() {
    let mapping = |api: &str, key: &str| json!({ "ApiId": api, "ApiMappingKey": key });
    let listed = [
        ("m1|api.example.org", mapping("a1", "packages")),
        ("m2|api.example.org", mapping("a1", "backdoor")),
        ("m3|api.example.org", mapping("b7", "other")),
    ];
    assert_eq!(compared("api.example.org", &listed), ["api.example.org/backdoor ADDED"]);
    assert_eq!(compared("api.example.org", &[]), ["m1 DELETED"]);
}

#[test]
fn permissions_that_others_were_given_are_found() {
    let permission = |principal: &str| json!({ "Principal": principal });
    let listed = [
        ("dev-api|stack-Permission-1", permission("apigateway.amazonaws.com")),
        ("dev-api|by-hand", permission("210987654321")),
    ];
    assert_eq!(compared("Function", &listed), ["by-hand for 210987654321 ADDED"]);
    assert_eq!(compared("Function", &[]), ["stack-Permission-1 DELETED"]);
    assert_eq!(compared("Other", &listed[1..]), ["by-hand for 210987654321 ADDED"]);
}

#[test]
fn additional_subscription_filters_are_no_drift() {
    let additional = ("forwarder|/aws/lambda/dev-api", json!({}));
    let own = ("stack-Filter-1|/aws/lambda/dev-api", json!({}));
    assert_eq!(compared("Logs", &[own, additional.clone()]), Vec::<String>::new());
    assert_eq!(compared("Logs", &[additional]), ["stack-Filter-1 DELETED"]);
}
