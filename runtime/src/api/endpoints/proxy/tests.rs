//! What S3's answers become, from an S3 that answers by a script.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::super::super::{ApiFunction, GatewayEvent};
use crate::configuration::{ApiSettings, Variables};

/// In place of an answer: the connection is closed once the request has arrived.
const CUT: &str = "";
const EMPTY: &str = "HTTP/1.1 416 Requested Range Not Satisfiable\r\ncontent-type: application/xml\r\ncontent-length: 0\r\n\
                     connection: close\r\ncontent-range: bytes */0\r\n\r\n";
const EMPTY_AS_A_WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 0\r\nconnection: close\r\n\
                                etag: \"e\"\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
                                cache-control: max-age=60\r\ncontent-disposition: attachment\r\n\r\n";
const FIRST_BYTE: &str = "HTTP/1.1 206 Partial Content\r\ncontent-type: text/csv\r\ncontent-length: 1\r\n\
                          connection: close\r\ncontent-range: bytes 0-0/7\r\netag: \"e\"\r\n\r\nx";

/// Asks for the headers of an object over connections of which each has the next of these answers. Returns the answer,
/// and whether each request was for the first byte only.
async fn head(answers: &'static [&'static str]) -> (Value, Vec<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let s3: JoinHandle<Vec<bool>> = tokio::spawn(async move {
        let mut ranges = Vec::new();
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let read = connection.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(request.starts_with("get /bucket/key?x-amz-algorithm="), "{request}");
            ranges.push(request.contains("\r\nrange: bytes=0-0\r\n"));
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
        ranges
    });
    let variables = [("AWS_ENDPOINT_URL_S3", endpoint.as_str()), ("PROXY_ALLOWED_BUCKETS", "bucket")];
    let function = ApiFunction::new(ApiSettings::read(&Variables::from_pairs(variables)));
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
    let event: GatewayEvent = serde_json::from_value(event).unwrap();
    let answer = serde_json::to_value(function.answer(event).await).unwrap();
    (answer, s3.await.unwrap())
}

#[tokio::test]
async fn an_empty_object_has_all_its_headers() {
    let (answer, ranges) = head(&[EMPTY, EMPTY_AS_A_WHOLE]).await;
    assert_eq!(answer["statusCode"], 200, "{answer:#}");
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
        assert_eq!(answer["headers"][name], value, "{name}");
    }
    assert_eq!(ranges, [true, false]);
}

#[tokio::test]
async fn a_connection_that_is_cut_after_the_request_was_written_is_no_failure() {
    let (answer, ranges) = head(&[CUT, FIRST_BYTE]).await;
    assert_eq!(answer["statusCode"], 200, "{answer:#}");
    assert_eq!(answer["headers"]["X-Object-Content-Length"], "7");
    assert_eq!(ranges, [true, true]);
    let (answer, _) = head(&[CUT, CUT]).await;
    assert_eq!(answer["statusCode"], 503, "it is tried once more, and no further: {answer:#}");
    let (answer, ranges) = head(&[EMPTY, CUT, EMPTY_AS_A_WHOLE]).await;
    assert_eq!(answer["statusCode"], 200, "{answer:#}");
    assert_eq!(ranges, [true, false, false]);
}
