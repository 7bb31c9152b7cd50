//! The OpenAPI 3.0 document that API Gateway imports.
//!
//! It holds only what the gateway acts on: routes, the integration, the authorizer and CORS. Schemas are left
//! out because an HTTP API does not validate bodies and warns of what it ignores, and the import fails on
//! warnings: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html>.

use serde_json::{Map, Value, json};

use crate::route::Access;
use crate::routes::{
    CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS, GATEWAY_CORS_ALLOW_HEADERS, OBJECT_SIZE_HEADER, ROUTES,
};

const AUTHORIZER: &str = "token_dataset_auth";
/// No space after the comma: AWS's examples have one, but the documents that are in production have none.
const IDENTITY_SOURCE: &str = "$request.header.Authorization,$request.querystring.dataset_id";

/// What differs from one environment to the next. A value may be a CloudFormation intrinsic.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The API's name.
    pub title: String,
    /// The integration URI of the API function.
    pub api_integration_uri: Value,
    /// The authorizer of the routes that need a role.
    pub authorizer: GatewayAuthorizer,
    /// Who may call from a browser.
    pub cors: Cors,
}

/// A Lambda REQUEST authorizer.
#[derive(Clone, Debug)]
pub struct GatewayAuthorizer {
    /// The integration URI of the authorizer function.
    pub uri: Value,
    /// The role that invokes it, where a resource policy does not admit the gateway.
    pub credentials: Option<Value>,
}

/// Cross-origin access; the gateway answers preflights itself and ignores the function's own CORS headers.
#[derive(Clone, Debug)]
pub struct Cors {
    /// The allowed origins, or `*` alone.
    pub allow_origins: Vec<String>,
    /// The request headers that a page may send.
    pub allow_headers: Vec<String>,
}

/// The document for import, OpenAPI 3.0.1.
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

/// The document with placeholders in place of an environment's values: the committed `gateway.json`.
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

/// One decision is reused for 300 s for the same token and dataset: that is why the dataset is an identity
/// source, and why a request without either is refused with 401 before the authorizer is asked:
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
    // Where there is a gateway, a page cannot learn an object's size from Content-Length.
    let exposed: Vec<&str> = CORS_EXPOSE_HEADERS.iter().copied().chain([OBJECT_SIZE_HEADER]).collect();
    json!({
        "allowOrigins": cors.allow_origins,
        "allowMethods": methods,
        "allowHeaders": cors.allow_headers,
        "exposeHeaders": exposed,
        "maxAge": CORS_MAX_AGE_SECONDS,
        // A browser refuses credentials together with the wildcard origin.
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
