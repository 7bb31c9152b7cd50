//! The OpenAPI 3.1 document, for people and tools.

mod responses;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use self::responses::{common_headers, common_responses, json_content, responses};
use crate::asset_path::ASSET_PATH_PATTERN;
use crate::parameters::{Parameter, ParameterKind};
use crate::route::{Access, Route, Tag};
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
            "contact": { "name": "Pennsieve", "url": "https://docs.pennsieve.io" },
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": "https://api2.pennsieve.io/packages", "description": "prod" },
            { "url": "https://api2.pennsieve.net/packages", "description": "dev" },
        ],
        "tags": Tag::ALL
            .iter()
            .map(|tag| json!({ "name": tag.name(), "description": tag.description() }))
            .collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": common_headers(),
            "responses": common_responses(&mut generator),
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
    let mut operation = json!({
        "operationId": route.operation.id(),
        "tags": [route.tag.name()],
        "summary": route.summary,
        "description": route.description,
        "parameters": route.parameters().map(parameter).collect::<Vec<_>>(),
        "responses": responses(route, generator),
        "security": match route.access {
            Access::Public => json!([]),
            Access::Dataset(_) => json!([{ "accessToken": [] }]),
        },
    });
    if let Access::Dataset(role) = route.access {
        operation["x-required-role"] = json!(role.name());
    }
    if let Some(body) = &route.request_body {
        operation["requestBody"] = json!({ "required": true, "content": json_content(body, generator) });
    }
    operation
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        ParameterKind::NodeId => json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ParameterKind::AssetPath => {
            json!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": ASSET_PATH_PATTERN })
        }
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

#[cfg(test)]
mod tests {
    #[test]
    fn committed_document_is_current() {
        let committed: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        assert_eq!(super::openapi_document(), committed, "run `cargo xtask openapi`");
    }
}
