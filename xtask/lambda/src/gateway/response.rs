//! Converts the payload of a function to a response, by payload format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// The reason why a payload is not a valid response.
#[derive(Debug, thiserror::Error)]
pub(super) enum MalformedResponse {
    /// The payload is not JSON, or a field has the wrong type.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// The status is not a valid final status code.
    #[error("{0} is not a valid status code")]
    Status(u16),
    /// The name or the value of a header is invalid.
    #[error("{0:?} cannot be a header")]
    Header(String),
    /// The body is marked as base64 but is not valid base64.
    #[error("the body is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Scalar>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Boolean(bool),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Boolean(boolean) => boolean.to_string(),
        }
    }
}

/// Returns the response for the payload of a function.
///
/// `Content-Length` is always the length of the body, whatever the function returned. A response to `HEAD` has an
/// empty body and thus a length of 0. That is why our API responds to `HEAD` with redirects.
pub(super) fn from_payload(payload: &[u8]) -> Result<Response<Bytes>, MalformedResponse> {
    let value: Value = serde_json::from_slice(payload)?;
    let mut response = if value.get("statusCode").is_some() {
        explicit(serde_json::from_value(value)?)?
    } else {
        inferred(value)
    };
    if !response.status().is_informational() && response.status() != StatusCode::NO_CONTENT {
        let length = HeaderValue::from(response.body().len());
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Ok(response)
}

/// Returns a 200 response with `value` as the body, for a payload without a status code.
fn inferred(value: Value) -> Response<Bytes> {
    let body = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn explicit(payload: Payload) -> Result<Response<Bytes>, MalformedResponse> {
    let text = payload.body.unwrap_or_default();
    let body = if payload.is_base64_encoded.unwrap_or_default() { BASE64.decode(text)? } else { text.into() };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(payload.status_code)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
        .ok_or(MalformedResponse::Status(payload.status_code))?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    for (name, value) in payload.headers.unwrap_or_default() {
        let (name, value) = header(&name, &value.into_text())?;
        // The gateway itself sets the headers of the connection.
        if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            headers.insert(name, value);
        }
    }
    for cookie in payload.cookies.unwrap_or_default() {
        let (name, value) = header(SET_COOKIE.as_str(), &cookie)?;
        headers.append(name, value);
    }
    Ok(response)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), MalformedResponse> {
    let parsed = name.parse().ok().zip(value.parse().ok());
    // The error omits the value, which may be a signed URL.
    parsed.ok_or_else(|| MalformedResponse::Header(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    /// Returns the status, headers and body as text.
    fn format_response(payload: &Value) -> String {
        let response = from_payload(payload.to_string().as_bytes()).unwrap();
        let mut text = format!("{}\n", response.status());
        for (name, value) in response.headers() {
            writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        write!(text, "\n{}", String::from_utf8_lossy(response.body())).unwrap();
        text
    }

    #[test]
    fn complete_response_is_returned_unchanged() {
        let payload = json!({
            "statusCode": 307,
            "headers": {"Location": "https://s3/?a=b", "X-Count": 3, "X-Flag": true, "content-length": "999"},
            "multiValueHeaders": {},
            "cookies": ["a=1; Secure", "b=2"],
            "body": null,
            "isBase64Encoded": false,
        });
        insta::assert_snapshot!(format_response(&payload), @r"
        307 Temporary Redirect
        content-type: text/plain;charset=UTF-8
        location: https://s3/?a=b
        x-count: 3
        x-flag: true
        set-cookie: a=1; Secure
        set-cookie: b=2
        content-length: 0
        ");
    }

    #[test]
    fn base64_body_is_decoded() {
        let payload = json!({
            "statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "aGVsbG8=", "isBase64Encoded": true,
        });
        insta::assert_snapshot!(format_response(&payload), @r"
        200 OK
        content-type: image/png
        content-length: 5

        hello
        ");
    }

    #[test]
    fn payload_without_a_status_is_the_body() {
        insta::assert_snapshot!(format_response(&json!({"message": "hello"})), @r#"
        200 OK
        content-type: application/json
        content-length: 19

        {"message":"hello"}
        "#);
        assert!(format_response(&json!("plain")).ends_with("\n\nplain"));
        assert!(format_response(&Value::Null).ends_with("\n\nnull"));
    }

    #[test]
    fn no_content_has_no_length() {
        assert!(!format_response(&json!({"statusCode": 204})).contains("content-length"));
    }

    #[test]
    fn malformed_response_error_states_the_problem() {
        for (payload, message) in [
            ("", "EOF"),
            ("no json", "expected"),
            (r#"{"statusCode": "ok"}"#, "invalid type"),
            (r#"{"statusCode": 99}"#, "99 is not a valid status code"),
            (r#"{"statusCode": 101}"#, "101 is not a valid status code"),
            (r#"{"statusCode": 200, "body": {"a": 1}}"#, "invalid type"),
            (r#"{"statusCode": 200, "headers": {"a": ["b"]}}"#, "did not match"),
            (r#"{"statusCode": 200, "headers": {"a b": "c"}}"#, r#""a b" cannot be a header"#),
            (r#"{"statusCode": 200, "headers": {"a": "c\nd: e"}}"#, r#""a" cannot be a header"#),
            (r#"{"statusCode": 200, "body": "?", "isBase64Encoded": true}"#, "not base64"),
        ] {
            let error = from_payload(payload.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(message), "{payload}: {error}");
        }
    }
}
