//! The OpenAPI 3.1 document, for people and tools.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::messages::ErrorBody;
use crate::parameters::{Parameter, ParameterKind};
use crate::route::{Access, Route, RouteResponse};
use crate::routes::ROUTES;

/// Returns the OpenAPI 3.1 document of all routes.
pub fn openapi_document() -> Value {
    // OpenAPI 3.1 schemas are JSON Schema 2020-12, but live in the components:
    // https://spec.openapis.org/oas/v3.1.0#schema-object
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();

    let mut paths = Map::new();
    for route in ROUTES {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.name().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Packages service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Restores deleted packages and signs access to package files and viewer assets. \
                            On every path, `OPTIONS` returns 204 with CORS headers.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": "https://api2.pennsieve.io/packages", "description": "prod" },
            { "url": "https://api2.pennsieve.net/packages", "description": "dev" },
        ],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the platform's user pool.",
                },
            },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for response in route.responses {
        responses.insert(response.status.to_string(), success(response, generator));
    }
    for (status, description) in errors(route) {
        responses.insert(status.to_owned(), error(description, generator));
    }
    let mut operation = json!({
        "operationId": route.operation.id(),
        "summary": route.summary,
        "description": route.description,
        "parameters": route.parameters().map(parameter).collect::<Vec<_>>(),
        "responses": responses,
        "security": match route.access {
            Access::Public => json!([]),
            Access::Dataset(_) => json!([{ "accessToken": [] }]),
        },
    });
    if let Access::Dataset(role) = route.access {
        operation["x-required-role"] = json!(role.name());
    }
    if let Some(schema) = route.request_body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema(generator) } } });
    }
    operation
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        ParameterKind::NodeId => json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ParameterKind::AssetPath => json!({ "type": "string", "minLength": 1, "maxLength": 1024 }),
        ParameterKind::Url => json!({ "type": "string", "format": "uri" }),
        ParameterKind::OneOf(words) => json!({ "type": "string", "enum": words, "default": words[0] }),
        ParameterKind::Redirect => json!({ "type": "string", "default": "true" }),
    };
    json!({
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    })
}

fn success(response: &RouteResponse, generator: &mut SchemaGenerator) -> Value {
    let mut rendered = json!({ "description": response.description });
    if let Some(schema) = response.body {
        rendered["content"] = json!({ "application/json": { "schema": schema(generator) } });
    }
    if !response.headers.is_empty() {
        let headers: Map<String, Value> = response
            .headers
            .iter()
            .map(|header| {
                let schema = json!({ "description": header.description, "schema": { "type": "string" } });
                (header.name.to_owned(), schema)
            })
            .collect();
        rendered["headers"] = Value::Object(headers);
    }
    rendered
}

/// Returns the errors that every route with this access has.
fn errors(route: &Route) -> Vec<(&'static str, &'static str)> {
    let mut errors = vec![(
        "400",
        "A parameter or the body is missing, blank, repeated or malformed. The message names it.",
    )];
    match route.access {
        Access::Public => {
            errors.push(("403", "S3 rejected the URL."));
            errors.push(("404", "The object does not exist."));
        }
        Access::Dataset(_) => {
            errors.push(("401", "The access token is missing or not valid."));
            errors.push(("403", "The role of the caller in the dataset is too low."));
            errors.push(("404", "The dataset or package does not exist."));
        }
    }
    errors.push(("500", "Internal error. The log has the cause under the `errorId`."));
    errors.push(("503", "Not configured in this environment, or AWS or the database is not reachable."));
    errors
}

fn error(description: &str, generator: &mut SchemaGenerator) -> Value {
    let schema = generator.subschema_for::<ErrorBody>();
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_document_is_current() {
        let committed: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        assert_eq!(super::openapi_document(), committed, "run `cargo xtask openapi`");
    }
}
