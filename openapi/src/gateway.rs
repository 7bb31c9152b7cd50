//! The OpenAPI 3.0 document that API Gateway imports.
//!
//! It contains only what the gateway uses: routes, the integration, the authorizer and CORS. It has no
//! schemas, because an HTTP API does not validate bodies, and the import fails on the warnings about what it
//! ignores: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html>.

use serde_json::{Map, Value, json};

use crate::route::Access;
use crate::routes::{
    CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS, GATEWAY_CORS_ALLOW_HEADERS, OBJECT_SIZE_HEADER, ROUTES,
};

const AUTHORIZER: &str = "token_dataset_auth";
/// The identity sources.
///
/// Documents that are in production have no space after the comma.
const IDENTITY_SOURCE: &str = "$request.header.Authorization,$request.querystring.dataset_id";

/// The settings of an environment.
///
/// A value can be a CloudFormation intrinsic function.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The name of the API.
    pub title: String,
    /// The integration URI of the API function.
    pub api_integration_uri: Value,
    /// The authorizer of the routes that require a role.
    pub authorizer: GatewayAuthorizer,
    /// Access from browsers.
    pub cors: Cors,
}

/// A Lambda REQUEST authorizer.
#[derive(Clone, Debug)]
pub struct GatewayAuthorizer {
    /// The integration URI of the authorizer function.
    pub uri: Value,
    /// The role that invokes the function, if no resource policy allows it.
    pub credentials: Option<Value>,
}

/// Cross-origin access.
///
/// The gateway answers preflights itself and ignores the CORS headers of the function.
#[derive(Clone, Debug)]
pub struct Cors {
    /// The allowed origins, or only `*`.
    pub allow_origins: Vec<String>,
    /// The request headers that a page can send.
    pub allow_headers: Vec<String>,
}

/// Returns the document for the import, OpenAPI 3.0.1.
pub fn gateway_document(settings: &GatewaySettings) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let mut operation = json!({
            "operationId": route.operation.id(),
            "responses": { "default": { "description": route.summary } },
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "payloadFormatVersion": "2.0",
                "uri": settings.api_integration_uri,
            },
        });
        if let Access::Dataset(_) = route.access {
            operation["security"] = json!([{ AUTHORIZER: [] }]);
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.name().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.0.1",
        "info": { "title": settings.title, "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "securitySchemes": { AUTHORIZER: security_scheme(&settings.authorizer) } },
        "x-amazon-apigateway-cors": cors(&settings.cors),
    })
}

/// Returns the document with placeholders for the values of an environment.
///
/// It is committed as `gateway.json`.
pub fn gateway_preview() -> Value {
    gateway_document(&GatewaySettings {
        title: "packages-service".to_owned(),
        api_integration_uri: json!("${api_integration_uri}"),
        authorizer: GatewayAuthorizer { uri: json!("${authorizer_uri}"), credentials: None },
        cors: Cors {
            allow_origins: vec!["*".to_owned()],
            allow_headers: GATEWAY_CORS_ALLOW_HEADERS.iter().map(|&name| name.to_owned()).collect(),
        },
    })
}

/// Returns the security scheme of the authorizer.
///
/// A decision is cached for 300 s by token and dataset, which are therefore the identity sources. The gateway
/// rejects a request without one of them with 401 and does not invoke the authorizer:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.
fn security_scheme(authorizer: &GatewayAuthorizer) -> Value {
    let mut extension = json!({
        "type": "request",
        "authorizerUri": authorizer.uri,
        "authorizerPayloadFormatVersion": "2.0",
        "enableSimpleResponses": true,
        "identitySource": IDENTITY_SOURCE,
        "authorizerResultTtlInSeconds": 300,
    });
    if let Some(credentials) = &authorizer.credentials {
        extension["authorizerCredentials"] = credentials.clone();
    }
    json!({
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authorizer": extension,
    })
}

fn cors(cors: &Cors) -> Value {
    let mut methods: Vec<&str> = ROUTES.iter().map(|route| route.method.name()).chain(["OPTIONS"]).collect();
    methods.sort_unstable();
    methods.dedup();
    // Behind a gateway, Content-Length does not show the size of an object.
    let exposed: Vec<&str> = CORS_EXPOSE_HEADERS.iter().copied().chain([OBJECT_SIZE_HEADER]).collect();
    json!({
        "allowOrigins": cors.allow_origins,
        "allowMethods": methods,
        "allowHeaders": cors.allow_headers,
        "exposeHeaders": exposed,
        "maxAge": CORS_MAX_AGE_SECONDS,
        // Browsers reject credentials together with the wildcard origin.
        "allowCredentials": !cors.allow_origins.iter().any(|origin| origin == "*"),
    })
}

#[cfg(test)]
mod tests {
    use super::IDENTITY_SOURCE;

    #[test]
    fn identity_source_has_no_spaces() {
        let document = super::gateway_preview();
        let schemes = &document["components"]["securitySchemes"][super::AUTHORIZER];
        let sources = schemes["x-amazon-apigateway-authorizer"]["identitySource"].as_str();
        assert_eq!(sources, Some(IDENTITY_SOURCE));
        assert!(!IDENTITY_SOURCE.contains(char::is_whitespace));
    }

    #[test]
    fn gateway_allows_the_headers_that_pages_add() {
        let allowed = &super::gateway_preview()["x-amazon-apigateway-cors"]["allowHeaders"];
        for name in
            ["traceparent", "baggage", "sentry-trace", "If-Range", "Cache-Control", "X-Requested-With"]
        {
            assert!(allowed.as_array().unwrap().iter().any(|header| header == name), "{name}");
        }
        for name in crate::CORS_ALLOW_HEADERS {
            assert!(allowed.as_array().unwrap().iter().any(|header| header == name), "{name}");
        }
    }

    #[test]
    fn committed_document_is_current() {
        let committed: serde_json::Value = serde_json::from_str(include_str!("../gateway.json")).unwrap();
        assert_eq!(super::gateway_preview(), committed, "run `cargo xtask openapi`");
    }
}
