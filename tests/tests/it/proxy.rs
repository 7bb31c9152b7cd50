//! Following presigned URLs for viewers in a browser.

use reqwest::{Method, Response, StatusCode};

use crate::aws::Aws;
use crate::client::{Client, header, refusal};

/// As a viewer asks: without a token, the URL is its own authority.
async fn proxy(client: &Client, method: Method, url: &str) -> Response {
    client.request(method, "/proxy/s3", &[("presigned_url", url)]).send().await.unwrap()
}

#[tokio::test]
async fn a_presigned_url_is_answered_byte_for_byte() {
    let client = Client::new().await;
    let url = client.presign(&client.stack.assets.thumbnail).await;
    let answer = proxy(&client, Method::GET, &url).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&answer, "location"), url);

    let answer = proxy(&client, Method::HEAD, &url).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    let object = client.http.head(header(&answer, "location")).send().await.unwrap();
    assert_eq!(object.status(), StatusCode::OK);
    assert_eq!(header(&object, "content-type"), "image/png");
}

#[tokio::test]
async fn a_hostile_url_is_refused() {
    let client = Client::new().await;
    let url = client.presign(&client.stack.assets.thumbnail).await;
    let endpoint = &client.stack.aws_endpoint_url;
    let bucket = &client.stack.buckets.assets;
    let (path, query) = url.split_once('?').unwrap();
    for hostile in [
        url.replace(endpoint, "https://evil.example"),
        url.replace(endpoint, "https://s3.amazonaws.com.evil.example"),
        url.replace("http://", "http://user@"),
        url.replace(bucket, "another-bucket"),
        format!("{url}#fragment"),
        format!("{url}&X-Amz-Expires=3600"),
        url.replace("X-Amz-Signature=", "Signature="),
        url.replace("X-Amz-Expires=", "X-Amz-Expires=9999999"),
        format!("{path}/../../?{query}\r\nlocation: https://evil.example"),
        path.to_owned(),
        "javascript:alert(1)".to_owned(),
        String::new(),
    ] {
        let answer = proxy(&client, Method::GET, &hostile).await;
        assert_eq!(header(&answer, "location"), "", "{hostile}");
        assert_eq!(refusal(answer).await.0, 400, "{hostile}");
    }
}

#[tokio::test]
async fn an_empty_object_has_all_its_headers() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let presigned = client.presign("proxy/empty.txt").await;
    let key = reqwest::Url::parse(&presigned).unwrap().path().to_owned();
    let key = key.strip_prefix(&format!("/{}/", client.stack.buckets.assets)).unwrap();
    aws.put_object(&client.stack.buckets.assets, key, b"").await;
    let parameters = [("presigned_url", presigned.as_str()), ("redirect", "false")];
    let answer = client.request(Method::HEAD, "/proxy/s3", &parameters).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "x-object-content-length"), "0");
    assert_eq!(header(&answer, "content-type"), "text/plain");
    assert_eq!(header(&answer, "accept-ranges"), "bytes");
    assert!(!header(&answer, "etag").is_empty());
    assert!(!header(&answer, "last-modified").is_empty());
}

#[tokio::test]
async fn a_raw_plus_sign_in_the_path_is_refused() {
    let client = Client::new().await;
    let presigned = client.presign("proxy/a b").await;
    let raw = presigned.replace("a%20b", "a+b");
    assert_ne!(raw, presigned);
    for method in [Method::GET, Method::HEAD] {
        let answer = proxy(&client, method, &raw).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(header(&answer, "location"), "");
    }
    let (_, message) = refusal(proxy(&client, Method::GET, &raw).await).await;
    assert!(message.contains("raw `+`"), "{message}");
}
