//! Responses: those of a route, and the errors that routes have in common.
//!
//! An error comes from this service or from the gateway in front of it. Their bodies differ, and so do their ids: the
//! gateway has its own only in the header `apigw-requestid`, which every response has.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::examples::{Example, REQUEST_ID, gateway_error, service_error};
use crate::messages::{ErrorBody, GatewayErrorBody};
use crate::route::{Access, JsonBody, Method, ResponseHeader, Route, RouteResponse};

/// The component with the header that every response has.
const REQUEST_ID_HEADER: &str = "RequestId";

/// An error that several routes have.
struct CommonError {
    status: &'static str,
    /// The name of its component.
    name: &'static str,
    description: &'static str,
    /// The message of this service, if it sends the error.
    service: Option<&'static str>,
    /// The message of the gateway, if it sends the error.
    gateway: Option<&'static str>,
}

const BAD_REQUEST: CommonError = CommonError {
    status: "400",
    name: "BadRequest",
    description: "A parameter or the body is missing, blank, repeated or malformed. The message names it.",
    service: Some("the parameter `package_id` is missing"),
    gateway: None,
};
/// The gateway sends it without asking the authorizer:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.
const UNAUTHORIZED: CommonError = CommonError {
    status: "401",
    name: "Unauthorized",
    description: "The access token or `dataset_id` is missing, or the claims of the caller are not valid.",
    service: Some("the request carries no valid claims: the claim `dataset_claim` is missing"),
    gateway: Some("Unauthorized"),
};
const FORBIDDEN: CommonError = CommonError {
    status: "403",
    name: "Forbidden",
    description: "The access token is not valid, or the caller has no access to the dataset, or a role that is too low. \
                  The files of an infected package are not available either.",
    service: Some("this needs the role editor in the dataset, or a higher one"),
    gateway: Some("Forbidden"),
};
const NOT_FOUND: CommonError = CommonError {
    status: "404",
    name: "NotFound",
    description: "The dataset, package or object does not exist, or nothing is deployed at this address.",
    service: Some("package not found"),
    gateway: Some("Not Found"),
};
const REJECTED_BY_S3: CommonError = CommonError {
    status: "403",
    name: "RejectedByS3",
    description: "S3 rejected the URL.",
    service: Some("S3 refused the presigned URL"),
    gateway: Some("Forbidden"),
};
const CONTENT_TOO_LARGE: CommonError = CommonError {
    status: "413",
    name: "ContentTooLarge",
    description: "The body is larger than the gateway allows.",
    service: None,
    gateway: Some("Request Entity Too Large"),
};
const TOO_MANY_REQUESTS: CommonError = CommonError {
    status: "429",
    name: "TooManyRequests",
    description: "The gateway throttles the route. Repeat the request later.",
    service: None,
    gateway: Some("Too Many Requests"),
};
/// The status is reported, not documented by AWS:
/// <http://backbencher.dev/solved-431-status-code-with-request-header-fields-too-large>.
const HEADERS_TOO_LARGE: CommonError = CommonError {
    status: "431",
    name: "HeadersTooLarge",
    description: "The URL and the headers are larger than the gateway allows.",
    service: None,
    gateway: Some("Request Header Fields Too Large"),
};
const INTERNAL_ERROR: CommonError = CommonError {
    status: "500",
    name: "InternalError",
    description: "Internal error. The log has the cause under the id of the request.",
    service: Some("internal error"),
    gateway: Some("Internal Server Error"),
};
const UNAVAILABLE: CommonError = CommonError {
    status: "503",
    name: "Unavailable",
    description: "Not configured in this environment, or AWS or the database is not reachable, or out of time.",
    service: Some("temporarily not available, try again later"),
    gateway: Some("Service Unavailable"),
};

const COMMON_ERRORS: &[CommonError] = &[
    BAD_REQUEST,
    UNAUTHORIZED,
    FORBIDDEN,
    NOT_FOUND,
    REJECTED_BY_S3,
    CONTENT_TOO_LARGE,
    TOO_MANY_REQUESTS,
    HEADERS_TOO_LARGE,
    INTERNAL_ERROR,
    UNAVAILABLE,
];

/// Returns the responses of a route, by status.
pub(super) fn responses(route: &Route, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let success =
        route.responses.iter().map(|response| (response.status.to_string(), success(response, generator)));
    let mut responses: Map<String, Value> = success.collect();
    for error in errors(route) {
        let response = match route.method {
            // A response to HEAD has no body.
            Method::Head => json!({ "description": error.description, "headers": headers(&[]) }),
            Method::Get | Method::Post => {
                json!({ "$ref": format!("#/components/responses/{}", error.name) })
            }
        };
        responses.insert(error.status.to_owned(), response);
    }
    responses
}

/// Returns the errors that several routes have, as components.
pub(super) fn common_responses(generator: &mut SchemaGenerator) -> Map<String, Value> {
    COMMON_ERRORS.iter().map(|error| (error.name.to_owned(), common_error(error, generator))).collect()
}

/// Returns the headers that several responses have, as components.
pub(super) fn common_headers() -> Value {
    json!({ REQUEST_ID_HEADER: {
        "description": "The id that the gateway gives to the request.",
        "required": true,
        "schema": { "type": "string" },
        "example": REQUEST_ID,
    } })
}

/// Returns the media types of a JSON body.
pub(super) fn json_content(body: &JsonBody, generator: &mut SchemaGenerator) -> Value {
    content(&(body.schema)(generator), (body.examples)())
}

fn success(response: &RouteResponse, generator: &mut SchemaGenerator) -> Value {
    let mut rendered = json!({ "description": response.description, "headers": headers(response.headers) });
    if let Some(body) = &response.body {
        rendered["content"] = json_content(body, generator);
    }
    rendered
}

/// Returns the errors of a route.
fn errors(route: &Route) -> Vec<CommonError> {
    let mut errors = vec![BAD_REQUEST];
    match route.access {
        Access::Public => errors.push(REJECTED_BY_S3),
        Access::Dataset(_) => errors.extend([UNAUTHORIZED, FORBIDDEN]),
    }
    errors.push(NOT_FOUND);
    if route.request_body.is_some() {
        errors.push(CONTENT_TOO_LARGE);
    }
    errors.extend([TOO_MANY_REQUESTS, HEADERS_TOO_LARGE, INTERNAL_ERROR, UNAVAILABLE]);
    errors
}

fn common_error(error: &CommonError, generator: &mut SchemaGenerator) -> Value {
    let service =
        error.service.map(|message| (generator.subschema_for::<ErrorBody>(), service_error(message)));
    let gateway =
        error.gateway.map(|message| (generator.subschema_for::<GatewayErrorBody>(), gateway_error(message)));
    let (mut schemas, examples): (Vec<_>, Vec<_>) = service.into_iter().chain(gateway).unzip();
    let schema =
        if schemas.len() == 1 { schemas.remove(0) } else { schemars::json_schema!({ "oneOf": schemas }) };
    json!({
        "description": error.description,
        "headers": headers(&[]),
        "content": content(&schema, examples),
    })
}

fn content(schema: &Schema, examples: Vec<Example>) -> Value {
    let examples: Map<String, Value> =
        examples.into_iter().map(|(name, value)| (name.to_owned(), json!({ "value": value }))).collect();
    json!({ "application/json": { "schema": schema, "examples": examples } })
}

fn headers(of_response: &[ResponseHeader]) -> Map<String, Value> {
    let common = json!({ "$ref": format!("#/components/headers/{REQUEST_ID_HEADER}") });
    let mut headers = Map::from_iter([("apigw-requestid".to_owned(), common)]);
    headers.extend(of_response.iter().map(|header| {
        let rendered = json!({
            "description": header.description,
            "required": header.required,
            "schema": { "type": "string" },
            "example": header.example,
        });
        (header.name.to_owned(), rendered)
    }));
    headers
}
