//! Signed CDN URLs, opened at the edge.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openapi::{SignedFile, SignedPackage, variables};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::Value;
use signing::{BaseUrl, Resource, Signer, SigningKey};

use crate::aws::Aws;
use crate::client::{Client, error_of, header, json_of};
use crate::database::Database;
use crate::function::{ApiFunction, claims, event};

/// The path of the private keys of the environment `local`.
const PRIVATE_KEYS: &str = "/local/packages-service/cloudfront/private-key";

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Returns the key of the object of a CDN URL that contains nothing encoded.
fn key_of(url: &str) -> String {
    Url::parse(url).unwrap().path().trim_start_matches('/').to_owned()
}

/// Checks that the edge rejected a request, and not S3.
async fn denied(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(header(&response, "server"), "CloudFront");
    response.text().await.unwrap()
}

#[tokio::test]
async fn signed_url_returns_the_object_byte_for_byte() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let path = &client.stack.assets.parquet;
    let before = now();
    let signed: SignedFile = json_of(client.get("/cloudfront/sign", &client.asset(path)).await).await;
    assert!((before + 3600..=now() + 3600).contains(&signed.expires_at), "{before} {}", signed.expires_at);
    let url = signed.signed_url;
    assert!(url.starts_with(&client.stack.cdn_url), "{url}");
    let object = aws.get_object(&client.stack.buckets.assets, &key_of(&url)).await;

    let response = client.open(&url).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/vnd.apache.parquet");
    assert_eq!(response.bytes().await.unwrap(), object);

    let response = client.http.head(&url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-length"), object.len().to_string());
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert!(response.bytes().await.unwrap().is_empty());

    // A Parquet reader requests the end of the file first, which describes the rest.
    let last = object.len() - 1;
    for (range, first) in [("bytes=0-3", 0), ("bytes=-4", last - 3)] {
        let response = client.http.get(&url).header("range", range).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let content_range = format!("bytes {first}-{}/{}", first + 3, object.len());
        assert_eq!(header(&response, "content-range"), content_range);
        assert_eq!(&response.bytes().await.unwrap()[..], b"PAR1");
    }
}

#[tokio::test]
async fn url_changed_after_signing_is_rejected() {
    let client = Client::new().await;
    let url = client.sign(&client.stack.assets.thumbnail).await;
    assert_eq!(client.open(&url).await.status(), StatusCode::OK);
    let (base, _) = url.split_once('?').unwrap();
    assert!(denied(client.open(base).await).await.contains("MissingKey"));

    let start = url.find("Signature=").unwrap() + "Signature=".len();
    for position in [start, start + 30] {
        let mut changed = url.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        denied(client.open(&String::from_utf8(changed).unwrap()).await).await;
    }
    let (before, rest) = url.split_once("Expires=").unwrap();
    let (expires, after) = rest.split_once('&').unwrap();
    let later = expires.parse::<i64>().unwrap() + 3600;
    denied(client.open(&format!("{before}Expires={later}&{after}")).await).await;
    denied(client.open(&url.replace(&client.stack.assets.thumbnail, &client.stack.assets.parquet)).await)
        .await;
}

#[tokio::test]
async fn expired_url_is_rejected() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let url = client.sign(&client.stack.assets.thumbnail).await;
    let (base, query) = url.split_once('?').unwrap();
    let key_pair_id = query.split('&').find_map(|pair| pair.strip_prefix("Key-Pair-Id=")).unwrap();
    // The deployed key, as the API function reads it.
    let keys = aws.parameters_below(PRIVATE_KEYS).await;
    assert_eq!(keys.len(), 1);
    let pem = String::from_utf8(STANDARD.decode(&keys[0]).unwrap()).unwrap();
    let signer = Signer::new(SigningKey::from_pem(&pem, None).unwrap(), key_pair_id.to_owned());

    let base = BaseUrl::parse(base).unwrap();
    let open = async |expires| {
        let url = signer.sign_url(&base, expires).unwrap().into_exposed();
        client.open(&url).await
    };
    assert_eq!(open(now() + 3600).await.status(), StatusCode::OK, "the control");
    assert!(denied(open(now() - 1).await).await.contains("AccessDenied"));
    let policy = signer.sign_policy(&Resource::everything_below(&base), now() - 1).unwrap();
    denied(client.open(&signer.url_with_policy(&base, &policy).into_exposed()).await).await;
}

#[tokio::test]
async fn ec_key_signs_over_sha1_where_configured() {
    let client = Client::new().await;
    let function =
        ApiFunction::start("ec-over-sha1", &[(variables::CLOUDFRONT_HASH_ALGORITHM, "SHA1")]).await;
    let asset = client.asset(&client.stack.assets.thumbnail);
    let sign = async |parameters: &[(&str, &str)]| -> Value {
        let response =
            function.respond(&event("GET", "/cloudfront/sign", parameters, &claims(2).await)).await;
        assert_eq!(response.status, 200, "{response:?}");
        serde_json::from_str(&response.body).unwrap()
    };
    let file = sign(&asset).await;
    let package = sign(&[asset.as_slice(), &[("scope", "package")]].concat()).await;
    assert_eq!(package["hash_algorithm"], "SHA1");
    for url in [&file["signed_url"], &package["signed_url"]] {
        let url = url.as_str().unwrap();
        assert!(!url.contains("Hash-Algorithm"), "{url}");
        // An RSA signature would have 344 characters.
        assert!(url.split("Signature=").nth(1).unwrap().find('&').unwrap() <= 96, "{url}");
        assert_eq!(client.open(url).await.status(), StatusCode::OK);
    }
    function.stop().await;
}

#[tokio::test]
async fn missing_object_is_not_found() {
    let client = Client::new().await;
    let response = client.open(&client.sign("no/such/asset.bin").await).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.text().await.unwrap().contains("NoSuchKey"));
}

#[tokio::test]
async fn policy_opens_one_package_and_nothing_else() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let zarr = &client.stack.assets.zarr;
    let parameters = [("scope", "package"), client.asset("")[0], client.asset("")[1]];
    let signed: SignedPackage = json_of(client.get("/cloudfront/sign", &parameters).await).await;
    assert!(signed.signed_url.is_none());
    let hash = signed.hash_algorithm.name();
    let query = format!(
        "Policy={}&Signature={}&Key-Pair-Id={}&Hash-Algorithm={hash}",
        signed.policy, signed.signature, signed.key_pair_id
    );
    for path in [".zattrs", ".zgroup", "0/.zarray", "0/0/0/0", "0/1/0/0", "1/0/0/0"] {
        let url = format!("{}{zarr}/{path}", signed.base_url);
        let response = client.open(&format!("{url}?{query}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let object = aws.get_object(&client.stack.buckets.assets, &key_of(&url)).await;
        assert_eq!(response.bytes().await.unwrap(), object, "{path}");
    }
    let missing = client.open(&format!("{}{zarr}/0/9/9/9?{query}", signed.base_url)).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND, "what a Zarr reader takes for an empty chunk");

    let prefix = signed.base_url.trim_end_matches('/');
    for elsewhere in
        [format!("{prefix}0/a.bin"), format!("{prefix}/../P1/a.bin"), format!("{prefix}%2F/a.bin")]
    {
        denied(client.open(&format!("{elsewhere}?{query}")).await).await;
    }
}

#[tokio::test]
async fn path_may_contain_any_character() {
    let (client, aws, mut database) = (Client::new().await, Aws::new().await, Database::connect().await);
    let stack = client.stack;
    let package = database.package(&stack.packages.viewer).await.id;
    let path = "sign/slice 1 +50%/a%20b+c#1?x=1&y=2*/Größe \u{1f9e0} 'q' \"d\" ~.txt";
    let resource = client.sign(&stack.assets.thumbnail).await;
    let prefix = key_of(&resource).replace(&stack.assets.thumbnail, "");
    assert!(prefix.ends_with(&format!("/P{package}/")), "{prefix}");
    aws.put_object(&stack.buckets.assets, &format!("{prefix}{path}"), path.as_bytes()).await;

    let response = client.open(&client.sign(path).await).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), path);
    for path in ["a//b", "/a", "a/", "./a", "a/../b", "a\\b", "a\nb", ""] {
        let (status, message) = error_of(client.get("/cloudfront/sign", &client.asset(path)).await).await;
        assert_eq!(status, 400, "{path:?}");
        assert!(message.contains("`path`"), "{message}");
    }
}

#[tokio::test]
async fn only_existing_packages_of_the_dataset_are_signed() {
    let client = Client::new().await;
    let stack = client.stack;
    for package in [&stack.packages.other_file, "N:package:00000000-0000-4000-8000-000000000000"] {
        let parameters =
            [("dataset_id", &*stack.dataset_id), ("package_id", package), ("path", &*stack.assets.thumbnail)];
        assert_eq!(error_of(client.get("/cloudfront/sign", &parameters).await).await.0, 404);
        let response = client.request_as("viewer", Method::GET, "/presign/s3", &parameters).send().await;
        assert_eq!(error_of(response.unwrap()).await.0, 404);
    }
}
