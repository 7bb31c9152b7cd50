//! Presigned URLs, proxied for viewers in a browser.

use reqwest::{Method, Response, StatusCode};

use crate::aws::Aws;
use crate::client::{Client, error_of, header};

/// Sends a request as a viewer does, without a token: the URL is its own authorization.
async fn proxy(client: &Client, method: Method, url: &str) -> Response {
    client.request(method, "/proxy/s3", &[("presigned_url", url)]).send().await.unwrap()
}

#[tokio::test]
async fn presigned_url_is_returned_unchanged() {
    let client = Client::new().await;
    let url = client.presign(&client.stack.assets.thumbnail).await;
    let response = proxy(&client, Method::GET, &url).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&response, "location"), url);

    let response = proxy(&client, Method::HEAD, &url).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    let object = client.http.head(header(&response, "location")).send().await.unwrap();
    assert_eq!(object.status(), StatusCode::OK);
    assert_eq!(header(&object, "content-type"), "image/png");
}

#[tokio::test]
async fn hostile_url_is_rejected() {
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
        let response = proxy(&client, Method::GET, &hostile).await;
        assert_eq!(header(&response, "location"), "", "{hostile}");
        assert_eq!(error_of(response).await.0, 400, "{hostile}");
    }
}

#[tokio::test]
async fn empty_object_has_all_headers() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let presigned = client.presign("proxy/empty.txt").await;
    let key = reqwest::Url::parse(&presigned).unwrap().path().to_owned();
    let key = key.strip_prefix(&format!("/{}/", client.stack.buckets.assets)).unwrap();
    aws.put_object(&client.stack.buckets.assets, key, b"").await;
    let parameters = [("presigned_url", presigned.as_str()), ("redirect", "false")];
    let response = client.request(Method::HEAD, "/proxy/s3", &parameters).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "x-object-content-length"), "0");
    assert_eq!(header(&response, "content-type"), "text/plain");
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert!(!header(&response, "etag").is_empty());
    assert!(!header(&response, "last-modified").is_empty());
}

#[tokio::test]
async fn raw_plus_sign_in_the_path_is_rejected() {
    let client = Client::new().await;
    let presigned = client.presign("proxy/a b").await;
    let raw = presigned.replace("a%20b", "a+b");
    assert_ne!(raw, presigned);
    for method in [Method::GET, Method::HEAD] {
        let response = proxy(&client, method, &raw).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(header(&response, "location"), "");
    }
    let (_, message) = error_of(proxy(&client, Method::GET, &raw).await).await;
    assert!(message.contains("raw `+`"), "{message}");
}
