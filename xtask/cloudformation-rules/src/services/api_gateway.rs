//! Routes of HTTP APIs, and the stages that have settings for them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::referenced_resource;
use crate::rule::Rule;
use crate::services::members;
use crate::services::openapi::operations;
use crate::violation::{Violation, escape};

const API: &str = "AWS::ApiGatewayV2::Api";
const MAXIMUM_ROUTES: usize = 300;

pub(super) fn check_routes(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type(API)
        .filter_map(|(id, _)| {
            let count = routes(context, id)?.len();
            let message = format!("The API has {count} routes; the maximum is {MAXIMUM_ROUTES}");
            (count > MAXIMUM_ROUTES)
                .then(|| Violation::of_property(Rule::TooManyRoutes, id, "/Body", message))
        })
        .collect()
}

pub(super) fn check_route_settings(context: &Context<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (id, stage) in context.template.of_type("AWS::ApiGatewayV2::Stage") {
        let api = referenced_resource(&stage.properties["ApiId"]);
        let Some(routes) = api.and_then(|api| routes(context, api)) else { continue };
        for (key, _) in members(&stage.properties["RouteSettings"]).filter(|(key, _)| !routes.contains(*key))
        {
            let message = format!("Unable to find Route by key {key} within the provided RouteSettings");
            let pointer = format!("/RouteSettings/{}", escape(key));
            violations.push(Violation::of_property(Rule::UnknownRoute, id, &pointer, message));
        }
    }
    violations
}

/// Returns the keys of an API's routes; none if they are not in the template.
fn routes(context: &Context<'_>, api: &str) -> Option<BTreeSet<String>> {
    let body = &context.template.resources.get(api).filter(|api| api.type_name == API)?.properties["Body"];
    if !body.is_null() && !body["paths"].is_object() {
        return None;
    }
    let imported = operations(body).map(|operation| operation.route_key());
    let declared = context
        .template
        .of_type("AWS::ApiGatewayV2::Route")
        .filter(|(_, route)| referenced_resource(&route.properties["ApiId"]) == Some(api))
        .filter_map(|(_, route)| Value::as_str(&route.properties["RouteKey"]).map(str::to_owned));
    Some(imported.chain(declared).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, rules};

    fn api(paths: &Value) -> Value {
        let body = json!({ "openapi": "3.0.1", "paths": paths });
        json!({ "Type": "AWS::ApiGatewayV2::Api", "Properties": { "Body": body } })
    }

    #[test]
    fn stage_has_settings_for_routes_of_its_api() {
        let with = |key: &str| {
            let properties = json!({ "ApiId": { "Ref": "Api" }, "RouteSettings": { key: {} } });
            let stage = json!({ "Type": "AWS::ApiGatewayV2::Stage", "Properties": properties });
            let any = json!({ "x-amazon-apigateway-any-method": {} });
            let paths = json!({ "/items/{id}": { "get": {} }, "/any": any, "/$default": any });
            Request::of_resources(&json!({ "Api": api(&paths), "Stage": stage }))
        };
        for key in ["GET /items/{id}", "ANY /any", "$default"] {
            assert_eq!(rules(&with(key)), [], "{key}");
        }
        assert_eq!(
            messages(&with("POST /items/{id}")),
            ["Unable to find Route by key POST /items/{id} within the provided RouteSettings"]
        );
    }

    #[test]
    fn api_has_300_routes_at_most() {
        let of_routes = |count: usize| {
            let paths = (0..count).map(|index| (format!("/{index}"), json!({ "get": {} })));
            rules(&Request::of_resources(
                &json!({ "Api": api(&Value::Object(paths.collect::<Map<_, _>>())) }),
            ))
        };
        assert_eq!(of_routes(300), []);
        assert_eq!(of_routes(301), [Rule::TooManyRoutes]);
    }
}
