//! Logs contain nothing that grants access, at any level.

use openapi::variables;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::client::Client;
use crate::function::{ApiFunction, claims, event};

/// Returns the values of a signed URL that only its holder may see.
fn parameters_of(url: &str) -> Vec<String> {
    let secret = ["Signature=", "Policy=", "X-Amz-Signature=", "X-Amz-Credential="];
    let query = url.split_once('?').unwrap().1;
    query
        .split('&')
        .filter_map(|pair| secret.iter().find_map(|name| pair.strip_prefix(name)))
        .map(str::to_owned)
        .collect()
}

/// Returns the URL with another hexadecimal digit in its signature.
fn with_wrong_digit(url: &str, position: usize) -> String {
    let name = "X-Amz-Signature=";
    let position = url.find(name).unwrap() + name.len() + position;
    let wrong = if url[position..].starts_with('0') { "1" } else { "0" };
    let mut url = url.to_owned();
    url.replace_range(position..=position, wrong);
    url
}

#[tokio::test]
async fn logs_contain_no_signature_token_key_or_body() {
    let (client, aws) = (Client::new().await, Aws::new().await);
    let stack = client.stack;
    let function = ApiFunction::start("secrets", &[(variables::LOG_LEVEL, "trace")]).await;
    let owner = claims(5).await;
    let mut secrets = vec!["not-for-logs".to_owned(), "N:package:body-not-for-logs".to_owned()];
    let mut ask = async |method: &str, path: &str, parameters: &[(&str, &str)], body: Option<&str>| {
        let mut event = event(method, path, parameters, &owner);
        event["body"] = json!(body);
        let response = function.respond(&event).await;
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let urls = [&body["signed_url"], &body["presigned_url"]].into_iter().filter_map(Value::as_str);
        let location = response.headers.get("location").map(String::as_str);
        secrets.extend(urls.chain(location).flat_map(parameters_of));
        secrets.extend(
            [&body["signature"], &body["policy"]].into_iter().filter_map(Value::as_str).map(str::to_owned),
        );
        response.status
    };

    let asset = client.asset(&stack.assets.thumbnail);
    let with = |name, value| [asset.as_slice(), &[(name, value)]].concat();
    let mut statuses = Vec::new();
    statuses.push(ask("GET", "/cloudfront/sign", &asset, None).await);
    statuses.push(ask("GET", "/cloudfront/sign", &with("scope", "package"), None).await);
    statuses.push(ask("GET", "/presign/s3", &asset, None).await);
    statuses.push(ask("GET", "/presign/s3", &with("redirect", "false"), None).await);
    statuses.push(ask("HEAD", "/presign/s3", &asset, None).await);
    statuses.push(ask("HEAD", "/presign/s3", &with("redirect", "false"), None).await);
    assert_eq!(statuses, [200, 200, 307, 200, 307, 200]);

    // Only S3 can verify the signature, so only requests that ask S3 are rejected.
    let presigned = client.presign(&stack.assets.thumbnail).await;
    let urls = [with_wrong_digit(&presigned, 0), with_wrong_digit(&presigned, 63), presigned];
    for (url, head) in urls.iter().zip([403, 403, 307]) {
        for (method, expected) in [("GET", 307), ("HEAD", head)] {
            let status = ask(method, "/proxy/s3", &[("presigned_url", url)], None).await;
            assert_eq!(status, expected, "{method} {url}");
            statuses.push(status);
        }
    }
    let dataset = [asset[0]];
    let body = r#"{"nodeIds":["N:package:body-not-for-logs"]}"#;
    for (body, expected) in [(body, 200), (&*body.replace('}', ""), 400)] {
        let status = ask("POST", "/restore", &dataset, Some(body)).await;
        assert_eq!(status, expected, "{body}");
        statuses.push(status);
    }

    secrets.extend(urls.iter().flat_map(|url| parameters_of(url)));

    // The key in every form in which it could be printed.
    for stored in aws.parameters_below("/local/packages-service/cloudfront/private-key").await {
        use base64::Engine as _;
        let pem = base64::engine::general_purpose::STANDARD.decode(&stored).unwrap();
        let pem = String::from_utf8(pem).unwrap();
        secrets.extend(pem.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned));
        secrets.push(stored);
    }
    let log = function.log();
    assert_eq!(log.matches(r#""message":"request""#).count(), statuses.len(), "every request is in the log");
    assert!(secrets.len() > 20, "{}", secrets.len());
    for secret in secrets {
        assert!(secret.len() > 8, "{secret} is too short to search for");
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
    function.stop().await;
}
