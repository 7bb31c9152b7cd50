//! Responses to HEAD, from an S3 that responds by a script.

use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::HeaderMap;
use openapi::variables;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::api::{ApiContext, respond};
use crate::configuration::{ApiSettings, Variables};
use crate::http::HttpApiEvent;
use crate::telemetry::Invocation;

/// Closes the connection after the request, in place of a response.
const CUT: &str = "";
const EMPTY: &str = "HTTP/1.1 416 Requested Range Not Satisfiable\r\ncontent-type: application/xml\r\ncontent-length: 0\r\n\
                     connection: close\r\ncontent-range: bytes */0\r\n\r\n";
const EMPTY_AS_A_WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 0\r\nconnection: close\r\n\
                                etag: \"e\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
                                cache-control: max-age=60\r\ncontent-disposition: attachment\r\n\r\n";
const FIRST_BYTE: &str = "HTTP/1.1 206 Partial Content\r\ncontent-type: text/csv\r\ncontent-length: 1\r\n\
                          connection: close\r\ncontent-range: bytes 0-0/7\r\netag: \"e\"\r\n\r\nx";

/// Requests the headers of an object from an S3 with these responses.
///
/// Each connection has the next response. Returns status and headers, and whether each request to S3 was for
/// the first byte only.
async fn head(responses: &'static [&'static str]) -> (i64, HeaderMap, Vec<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let s3: JoinHandle<Vec<bool>> = tokio::spawn(async move {
        let mut ranges = Vec::new();
        for response in responses {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let read = connection.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(request.starts_with("get /bucket/key?x-amz-algorithm="), "{request}");
            ranges.push(request.contains("\r\nrange: bytes=0-0\r\n"));
            connection.write_all(response.as_bytes()).await.unwrap();
        }
        ranges
    });
    let settings =
        [(variables::AWS_ENDPOINT_URL_S3, endpoint.as_str()), (variables::PROXY_ALLOWED_BUCKETS, "bucket")];
    let context = ApiContext::new(ApiSettings::read(&Variables::from_pairs(settings)));
    let presigned = format!(
        "{endpoint}/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=99990101T000000Z&X-Amz-Expires=3600\
         &X-Amz-Credential=AKID/99990101/us-east-1/s3/aws4_request&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "a".repeat(64)
    );
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("presigned_url", &presigned)
        .append_pair("redirect", "false")
        .finish();
    let event = json!({
        "rawQueryString": query,
        "requestContext": {"http": {"method": "HEAD", "path": "/proxy/s3"}},
    });
    let event: HttpApiEvent = serde_json::from_value(event).unwrap();
    let response: ApiGatewayV2httpResponse =
        respond(&context, &Invocation::default(), Request::from(event)).await.into();
    (response.status_code, response.headers, s3.await.unwrap())
}

#[tokio::test]
async fn empty_object_has_all_its_headers() {
    let (status, headers, ranges) = head(&[EMPTY, EMPTY_AS_A_WHOLE]).await;
    assert_eq!(status, 200, "{headers:?}");
    for (name, value) in [
        ("Content-Type", "text/csv"),
        ("Content-Length", "0"),
        ("X-Object-Content-Length", "0"),
        ("ETag", "\"e\""),
        ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "max-age=60"),
        ("Content-Disposition", "attachment"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!(ranges, [true, false]);
}

#[tokio::test]
async fn request_is_repeated_once_after_the_connection_was_closed() {
    let (status, headers, ranges) = head(&[CUT, FIRST_BYTE]).await;
    assert_eq!(status, 200, "{headers:?}");
    assert_eq!(headers["X-Object-Content-Length"], "7");
    assert_eq!(ranges, [true, true]);
    let (status, ..) = head(&[CUT, CUT]).await;
    assert_eq!(status, 503, "one more attempt and no third");
    let (status, _, ranges) = head(&[EMPTY, CUT, EMPTY_AS_A_WHOLE]).await;
    assert_eq!(status, 200);
    assert_eq!(ranges, [true, false, false]);
}
