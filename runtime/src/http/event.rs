//! Events of an HTTP API, payload format 2.0.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::HeaderMap;
use lambda_http::request::LambdaRequest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The characters that the query of a URI cannot contain.
///
/// <https://url.spec.whatwg.org/#query-state>.
const NOT_IN_A_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// The maximum size of an encoded query in a URI of the `http` crate.
///
/// API Gateway accepts 10,240 bytes.
const MAXIMUM_QUERY_BYTES: usize = 60 * 1024;

/// An event that `lambda_http` can turn into a request.
///
/// `lambda_http` makes a URI from host, path and query, and decodes the body. It panics if it cannot, and a
/// panic ends the process. API Gateway does not document which characters of a query it passes on unencoded
/// (<https://github.com/aws/aws-lambda-web-adapter/issues/491>), and anyone can send a query to a public
/// route. So this type encodes the query, and removes what the function does not read: headers, host and
/// path.
pub struct HttpApiEvent(LambdaRequest);

impl From<HttpApiEvent> for Request {
    fn from(event: HttpApiEvent) -> Self {
        event.0.into()
    }
}

impl<'de> Deserialize<'de> for HttpApiEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut event = ApiGatewayV2httpRequest::deserialize(deserializer)?;
        event.headers = HeaderMap::new();
        event.raw_path = None;
        event.request_context.domain_name = None;
        event.request_context.stage = None;
        if let Some(query) = event.raw_query_string.take() {
            let query = utf8_percent_encode(&query, NOT_IN_A_QUERY).to_string();
            if query.len() > MAXIMUM_QUERY_BYTES {
                return Err(D::Error::custom("the query is too long"));
            }
            event.raw_query_string = Some(query);
        }
        let body = event.body.as_deref().filter(|_| event.is_base64_encoded);
        if body.is_some_and(|body| STANDARD.decode(body).is_err()) {
            return Err(D::Error::custom("the body is not base64"));
        }
        Ok(Self(LambdaRequest::ApiGatewayV2(event)))
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Request;
    use serde_json::{Value, json};

    use super::HttpApiEvent;

    fn request(event: Value) -> Option<Request> {
        serde_json::from_value::<HttpApiEvent>(event).ok().map(Request::from)
    }

    fn event(changes: &Value) -> Value {
        let mut event = json!({
            "rawPath": "/proxy/s3",
            "headers": {"host": "api.example"},
            "requestContext": {"http": {"method": "GET", "path": "/proxy/s3"}},
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    }

    #[test]
    fn every_query_becomes_part_of_the_uri() {
        for (query, expected) in [
            ("a=1&b=%22+%2B", "a=1&b=%22+%2B"),
            ("a=\"<x>\" #\u{7f}\n", "a=%22%3Cx%3E%22%20%23%7F%0A"),
            ("a=\u{e9}", "a=%C3%A9"),
            ("{|}\\^`'[]?/:@", "{|}\\^`'[]?/:@"),
        ] {
            let request = request(event(&json!({ "rawQueryString": query }))).unwrap();
            assert_eq!(request.uri().query(), Some(expected), "{query}");
        }
        assert!(request(event(&json!({ "rawQueryString": "x".repeat(100_000) }))).is_none());
    }

    #[test]
    fn host_and_path_are_not_part_of_the_uri() {
        for changes in [
            json!({ "headers": {"host": "no host", "x-forwarded-proto": "no scheme"} }),
            json!({ "rawPath": ":99999999/" }),
            json!({ "requestContext": {"domainName": "[", "stage": "\\", "http": {"method": "GET"}} }),
        ] {
            assert_eq!(request(event(&changes)).unwrap().uri().path(), "/", "{changes}");
        }
    }

    #[test]
    fn body_is_decoded_if_it_is_encoded() {
        let body = |changes: Value| request(event(&changes)).map(|request| request.body().to_vec());
        assert_eq!(body(json!({ "body": "aGk=", "isBase64Encoded": true })).as_deref(), Some(&b"hi"[..]));
        assert_eq!(body(json!({ "body": "aGk=", "isBase64Encoded": false })).as_deref(), Some(&b"aGk="[..]));
        assert_eq!(body(json!({ "body": null })).as_deref(), Some(&b""[..]));
        assert_eq!(body(json!({ "body": "*", "isBase64Encoded": true })), None);
    }
}
