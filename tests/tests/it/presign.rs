//! Presigned S3 URLs.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::client::{Client, error_of, header, json_of};
use crate::database::Database;
use crate::fixture::Dataset;
use crate::function::{ApiFunction, claims, event};

#[tokio::test]
async fn source_file_opens_by_redirect_and_by_url() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let stack = client.stack;
    let key = database.package(&stack.packages.live_file).await.key.unwrap();
    let object = aws.get_object(&stack.buckets.storage, &key).await;
    let file = [("dataset_id", &*stack.dataset_id), ("package_id", &*stack.packages.live_file)];

    let response = client.get("/presign/s3", &file).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(header(&response, "cache-control"), "no-store");
    let location = header(&response, "location");
    assert!(response.bytes().await.unwrap().is_empty());
    let opened = client.open(&location).await;
    assert_eq!(opened.status(), StatusCode::OK);
    assert_eq!(opened.bytes().await.unwrap(), object);

    let parameters = [file[0], file[1], ("redirect", "false")];
    let response: Value = json_of(client.get("/presign/s3", &parameters).await).await;
    assert!(response["expires_at"].is_i64());
    let opened = client.open(response["presigned_url"].as_str().unwrap()).await;
    assert_eq!(opened.bytes().await.unwrap(), object);
}

#[tokio::test]
async fn browser_reads_from_s3_what_the_bucket_allows_its_origin() {
    let client = Client::new().await;
    let url = client.presign(&client.stack.assets.parquet).await;
    let origin = ("origin", "https://app.example.org");
    let response = client.http.get(&url).header(origin.0, origin.1).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let response = client.open(&url).await;
    assert!(response.headers().get("access-control-allow-origin").is_none(), "{response:?}");
    let preflight = async |method: &str| {
        let request = client.http.request(Method::OPTIONS, &url).header(origin.0, origin.1);
        request.header("access-control-request-method", method).send().await.unwrap().status()
    };
    assert_eq!(preflight("GET").await, StatusCode::OK);
    assert_eq!(preflight("PUT").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn head_request_is_redirected_to_a_url_for_head() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let stack = client.stack;
    let asset = client.asset(&stack.assets.parquet);
    let head = async |parameters: &[(&str, &str)]| {
        client.request_as("viewer", Method::HEAD, "/presign/s3", parameters).send().await.unwrap()
    };
    let response = head(&asset).await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    let opened = client.http.head(header(&response, "location")).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    let presigned = client.presign(&stack.assets.parquet).await;
    let key = reqwest::Url::parse(&presigned).unwrap().path().to_owned();
    let key = key.strip_prefix(&format!("/{}/", stack.buckets.assets)).unwrap();
    let size = aws.get_object(&stack.buckets.assets, key).await.len().to_string();
    assert_eq!(header(&opened, "content-length"), size);

    let response = head(&[asset.as_slice(), &[("redirect", "false")]].concat()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "x-object-content-length"), size);
    assert_eq!(header(&response, "content-type"), "application/vnd.apache.parquet");
    let missing = client.asset("no/such/asset.bin");
    let response = head(&[missing.as_slice(), &[("redirect", "false")]].concat()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn path_may_contain_any_character() {
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
        assert_eq!(error_of(client.get("/presign/s3", &client.asset(path)).await).await.0, 400, "{path}");
    }
}

/// Credentials as the endpoint of a container returns them.
async fn credentials_that_live_for(life: Duration) -> String {
    let expiry = (chrono::Utc::now() + life).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let body = json!({
        "AccessKeyId": "test", "SecretAccessKey": "test", "Token": "test", "Expiration": expiry,
    });
    let response = axum::Router::new().fallback(async move || body.to_string());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, response).into_future());
    url
}

#[tokio::test]
async fn presigned_url_expires_with_its_credentials() {
    let client = Client::new().await;
    let endpoint = credentials_that_live_for(Duration::from_mins(10)).await;
    // Blank credentials in the environment count as none, so the function calls the endpoint.
    let variables = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.as_str()),
    ];
    let function = ApiFunction::start("short-lived-credentials", &variables).await;
    let asset = client.asset(&client.stack.assets.thumbnail);
    let parameters = [asset.as_slice(), &[("redirect", "false")]].concat();
    let before = chrono::Utc::now().timestamp();
    let response = function.respond(&event("GET", "/presign/s3", &parameters, &claims(2).await)).await;
    assert_eq!(response.status, 200, "{response:?}");
    let body: Value = serde_json::from_str(&response.body).unwrap();
    let expires_at = body["expires_at"].as_i64().unwrap();
    assert!((1..=600).contains(&(expires_at - before)), "in {} s", expires_at - before);
    let head = function.respond(&event("HEAD", "/presign/s3", &asset, &claims(2).await)).await;
    for url in [body["presigned_url"].as_str().unwrap(), &head.headers["location"]] {
        let url = reqwest::Url::parse(url).unwrap();
        let (_, life) = url.query_pairs().find(|(name, _)| name == "X-Amz-Expires").unwrap();
        assert!((1..=600).contains(&life.parse::<i64>().unwrap()), "{life}");
    }
    function.stop().await;
}

#[tokio::test]
async fn infected_package_is_neither_presigned_nor_signed() {
    let (client, mut database) = (Client::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let package = dataset.live_package("infected.csv").await;
    let file = database.sql(
        "INSERT INTO {schema}.files
             (package_id, name, file_type, s3_bucket, s3_key, size, object_type, processing_state, uploaded_state)
         VALUES ($1, 'infected.csv', 'CSV', 'bucket', 'key', 0, 'source', 'unprocessed', 'UPLOADED')",
    );
    sqlx::query(file).bind(package.id).execute(&mut database.connection).await.unwrap();
    let common = [("dataset_id", &*dataset.node_id), ("package_id", &*package.node_id)];
    let with = |more: &[(&'static str, &'static str)]| [common.as_slice(), more].concat();
    let requests = [
        (Method::GET, "/presign/s3", with(&[])),
        (Method::GET, "/presign/s3", with(&[("redirect", "false")])),
        (Method::GET, "/presign/s3", with(&[("path", "a.png")])),
        (Method::HEAD, "/presign/s3", with(&[])),
        (Method::HEAD, "/presign/s3", with(&[("path", "a.png")])),
        (Method::GET, "/cloudfront/sign", with(&[("path", "a.png")])),
        (Method::GET, "/cloudfront/sign", with(&[("scope", "package")])),
    ];
    for (state, refused) in [("READY", false), ("INFECTED", true)] {
        let set = database.sql("UPDATE {schema}.packages SET state = $2 WHERE id = $1");
        sqlx::query(set).bind(package.id).bind(state).execute(&mut database.connection).await.unwrap();
        for (method, path, parameters) in &requests {
            let request = client.request_as("viewer", method.clone(), path, parameters);
            let response = request.send().await.unwrap();
            assert_eq!(response.status() == StatusCode::FORBIDDEN, refused, "{state}: {method} {path}");
            if refused && *method == Method::GET {
                let (_, message) = error_of(response).await;
                assert!(message.contains("infected"), "{message}");
            }
        }
    }
}
