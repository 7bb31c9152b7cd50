//! Presigned S3 URLs.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::aws::Aws;
use crate::client::{Client, header, json_of, refusal};
use crate::database::Database;

#[tokio::test]
async fn the_source_file_opens_by_redirect_and_by_url() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let stack = client.stack;
    let key = database.package(&stack.packages.live_file).await.key.unwrap();
    let object = aws.get_object(&stack.buckets.storage, &key).await;
    let file = [("dataset_id", &*stack.dataset_id), ("package_id", &*stack.packages.live_file)];

    let answer = client.get("/presign/s3", &file).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let location = header(&answer, "location");
    assert!(answer.bytes().await.unwrap().is_empty());
    let opened = client.open(&location).await;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(opened.bytes().await.unwrap(), object);

    let parameters = [file[0], file[1], ("redirect", "false")];
    let answer: Value = json_of(client.get("/presign/s3", &parameters).await).await;
    assert!(answer["expires_at"].is_i64());
    let opened = client.open(answer["presigned_url"].as_str().unwrap()).await;
    assert_eq!(opened.bytes().await.unwrap(), object);
}

#[tokio::test]
async fn a_head_is_redirected_to_a_url_for_head() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let stack = client.stack;
    let asset = client.asset(&stack.assets.parquet);
    let head = async |parameters: &[(&str, &str)]| {
        client.request_as("viewer", Method::HEAD, "/presign/s3", parameters).send().await.unwrap()
    };
    let answer = head(&asset).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    let opened = client.http.head(header(&answer, "location")).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    let presigned = client.presign(&stack.assets.parquet).await;
    let key = reqwest::Url::parse(&presigned).unwrap().path().to_owned();
    let key = key.strip_prefix(&format!("/{}/", stack.buckets.assets)).unwrap();
    let size = aws.get_object(&stack.buckets.assets, key).await.len().to_string();
    assert_eq!(header(&opened, "content-length"), size);

    let answer = head(&[asset.as_slice(), &[("redirect", "false")]].concat()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "x-object-content-length"), size);
    assert_eq!(header(&answer, "content-type"), "application/vnd.apache.parquet");
    let missing = client.asset("no/such/asset.bin");
    let answer = head(&[missing.as_slice(), &[("redirect", "false")]].concat()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_path_may_hold_any_character() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let stack = client.stack;
    let presigned = client.presign(&stack.assets.thumbnail).await;
    let package = database.package(&stack.packages.viewer).await.id;
    let prefix = reqwest::Url::parse(&presigned).unwrap().path().to_owned();
    let prefix = prefix.strip_prefix(&format!("/{}/", stack.buckets.assets)).unwrap();
    let prefix = prefix.strip_suffix(&stack.assets.thumbnail).unwrap();
    assert!(prefix.ends_with(&format!("/P{package}/")), "{prefix}");

    let path = "presign/slice 1 +50%/a%20b+c#1?x=1&y=2*/Größe \u{1f9e0} 'q' \"d\" ~.txt";
    aws.put_object(&stack.buckets.assets, &format!("{prefix}{path}"), path.as_bytes()).await;
    let opened = client.open(&client.presign(path).await).await;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(opened.text().await.unwrap(), path);
    for path in ["a//b", "a/../b", "a\\b"] {
        assert_eq!(refusal(client.get("/presign/s3", &client.asset(path)).await).await.0, 400, "{path}");
    }
}
