//! The events of payload format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::request::IncomingRequest;
use crate::control_plane::Route;

const VERSION: &str = "2.0";
const STAGE: &str = "$default";

/// The context that an authorizer returned for the caller, as JSON values.
pub(super) type CallerContext = Option<Map<String, Value>>;

/// Returns the event for the function of a route, as JSON.
///
/// `caller` is `None` on a public route.
pub(super) fn for_function(
    api_id: &str,
    route: &Route,
    caller: Option<CallerContext>,
    request: &IncomingRequest,
) -> Bytes {
    let mut common = Common::new(api_id, route, request);
    common.request_context.authorizer = caller.map(|lambda| AuthorizerContext { lambda });
    let body = (!request.body.is_empty()).then(|| EncodedBody::new(request));
    let is_base64_encoded = body.as_ref().is_some_and(|body| body.is_base64_encoded);
    to_json(&Event { version: VERSION, common, body: body.map(|body| body.text), is_base64_encoded })
}

/// Returns the event for the authorizer of a route, as JSON:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.
pub(super) fn for_authorizer(
    api_id: &str,
    route: &Route,
    identity: &[String],
    request: &IncomingRequest,
) -> Bytes {
    let function = &route.integration.function;
    let method = request.parts.method.as_str();
    let route_arn = format!(
        "arn:aws:execute-api:{}:{}:{api_id}/{STAGE}/{method}{}",
        function.region,
        function.account,
        request.parts.uri.path()
    );
    let common = Common::new(api_id, route, request);
    to_json(&AuthorizerEvent {
        version: VERSION,
        r#type: "REQUEST",
        route_arn,
        identity_source: (!identity.is_empty()).then_some(identity),
        common,
    })
}

fn to_json(event: &impl Serialize) -> Bytes {
    #[expect(clippy::expect_used, reason = "texts, numbers and maps with text keys are always JSON")]
    serde_json::to_vec(event).expect("an event is JSON").into()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    version: &'static str,
    #[serde(flatten)]
    common: Common,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent<'a> {
    version: &'static str,
    r#type: &'static str,
    route_arn: String,
    identity_source: Option<&'a [String]>,
    #[serde(flatten)]
    common: Common,
}

/// The fields that both events share.
///
/// Like the gateway, it omits fields that the request does not have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Common {
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: String,
    api_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<AuthorizerContext>,
    domain_name: String,
    domain_prefix: String,
    http: HttpContext,
    request_id: String,
    route_key: String,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
struct AuthorizerContext {
    lambda: CallerContext,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpContext {
    method: String,
    path: String,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

impl Common {
    fn new(api_id: &str, route: &Route, request: &IncomingRequest) -> Self {
        let headers = &request.parts.headers;
        let path = request.parts.uri.path().to_owned();
        let query = request.parts.uri.query().unwrap_or_default();
        let host = headers.get(HOST).map(text).unwrap_or_default();
        let domain_name = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name).to_owned();
        let domain_prefix = domain_name.split('.').next().unwrap_or_default().to_owned();
        Self {
            route_key: route.key.to_string(),
            raw_path: path.clone(),
            raw_query_string: query.to_owned(),
            cookies: cookies(headers),
            headers: combined_headers(request),
            query_string_parameters: query_parameters(query),
            request_context: RequestContext {
                account_id: route.integration.function.account.clone(),
                api_id: api_id.to_owned(),
                authorizer: None,
                domain_name,
                domain_prefix,
                http: HttpContext {
                    method: request.parts.method.to_string(),
                    path,
                    protocol: "HTTP/1.1",
                    source_ip: request.peer.ip().to_string(),
                    user_agent: headers.get(USER_AGENT).map(text).unwrap_or_default(),
                },
                request_id: request.id.as_str().to_owned(),
                route_key: route.key.to_string(),
                stage: STAGE,
                time: request.received.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
                time_epoch: request.received.timestamp_millis(),
            },
        }
    }
}

/// Returns the decoded query parameters. Values of the same name are joined with commas.
pub(super) fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        append(&mut parameters, name.into_owned(), &value);
    }
    parameters
}

/// Returns the value of a header as it appears in an event.
///
/// Values of the same name are joined with commas.
pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().map(text).peekable();
    values.peek()?;
    Some(values.collect::<Vec<_>>().join(","))
}

/// Returns the headers for an event.
///
/// They include those that the gateway adds, but not those of the connection.
fn combined_headers(request: &IncomingRequest) -> BTreeMap<String, String> {
    let mut combined = BTreeMap::new();
    for (name, value) in &request.parts.headers {
        // Cookies have a field of their own.
        if ![CONNECTION, CONTENT_LENGTH, COOKIE, TRANSFER_ENCODING].contains(name) {
            append(&mut combined, name.as_str().to_owned(), &text(value));
        }
    }
    combined.insert(CONTENT_LENGTH.to_string(), request.body.len().to_string());
    let port = request
        .parts
        .headers
        .get(HOST)
        .and_then(|host| Some(host.to_str().ok()?.rsplit_once(':')?.1.to_owned()))
        .unwrap_or_else(|| "80".to_owned());
    append(&mut combined, "x-forwarded-for".to_owned(), &request.peer.ip().to_string());
    combined.insert("x-forwarded-port".to_owned(), port);
    combined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    combined
}

fn append(map: &mut BTreeMap<String, String>, name: String, value: &str) {
    map.entry(name)
        .and_modify(|joined| {
            joined.push(',');
            joined.push_str(value);
        })
        .or_insert_with(|| value.to_owned());
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let pairs = headers.get_all(COOKIE).iter().map(text);
    pairs
        .flat_map(|line| line.split(';').map(|pair| pair.trim().to_owned()).collect::<Vec<_>>())
        .filter(|pair| !pair.is_empty())
        .collect()
}

/// Returns a header value as text.
///
/// Bytes above ASCII are read as Latin-1, their historical meaning.
fn text(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

struct EncodedBody {
    text: String,
    is_base64_encoded: bool,
}

impl EncodedBody {
    /// Keeps text as text and encodes all other bodies, forms included, as base64.
    fn new(request: &IncomingRequest) -> Self {
        let content_type = request.parts.headers.get(CONTENT_TYPE).map(text).unwrap_or_default();
        match std::str::from_utf8(&request.body) {
            Ok(body) if is_text(&content_type) => Self { text: body.to_owned(), is_base64_encoded: false },
            _ => Self { text: BASE64.encode(&request.body), is_base64_encoded: true },
        }
    }
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&essence.as_str())
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

#[cfg(test)]
mod tests;
