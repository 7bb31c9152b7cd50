//! Authorization of requests, and responses of the gateway itself.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::client::{Client, error_of, header, json_of};

const OTHER_DATASET: &str = "N:dataset:00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn only_users_of_the_dataset_are_authorized() {
    let client = Client::new().await;
    let stack = client.stack;
    let asset = client.asset(&stack.assets.thumbnail);
    let sign = |parameters| client.request(Method::GET, "/cloudfront/sign", parameters);
    let viewer = &stack.tokens["viewer"];
    let error = async |request: reqwest::RequestBuilder| error_of(request.send().await.unwrap()).await;
    let unauthorized = (401, "Unauthorized".to_owned());
    let forbidden = (403, "Forbidden".to_owned());

    assert_eq!(error(sign(&asset)).await, unauthorized, "no token");
    assert_eq!(error(sign(&asset[1..]).bearer_auth(viewer)).await, unauthorized, "no dataset");
    let guest = error(sign(&asset).bearer_auth(&stack.tokens["guest"])).await;
    assert_eq!(guest.0, 403, "{}", guest.1);
    let other = [("dataset_id", OTHER_DATASET), asset[1], asset[2]];
    assert_eq!(error(sign(&other).bearer_auth(viewer)).await, forbidden, "unknown dataset");
    for tampered in tampered(viewer) {
        assert_eq!(error(sign(&asset).bearer_auth(&tampered)).await, forbidden, "{tampered}");
    }
    for scheme in ["bearer", "BEARER"] {
        let lower = sign(&asset).header("authorization", format!("{scheme} {viewer}")).send().await.unwrap();
        assert_eq!(lower.status(), StatusCode::OK, "{scheme}");
    }
    for user in ["viewer", "editor", "owner"] {
        let response = sign(&asset).bearer_auth(&stack.tokens[user]).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{user}");
        assert_eq!(header(&response, "cache-control"), "no-store");
    }
}

/// Tokens with a changed signature, a changed payload or no signature, and text that is not a token.
fn tampered(token: &str) -> [String; 4] {
    let [head, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let change = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    [
        format!("{head}.{payload}.{}", change(signature)),
        format!("{head}.{}.{signature}", change(payload)),
        format!("{head}.{payload}."),
        "token".to_owned(),
    ]
}

#[tokio::test]
async fn tokens_of_the_issuer_are_valid() {
    let client = Client::new().await;
    let token = client.open(&format!("{}/token/viewer", client.stack.issuer_url)).await;
    let token = token.text().await.unwrap();
    let asset = client.asset(&client.stack.assets.thumbnail);
    let response = client.request(Method::GET, "/cloudfront/sign", &asset).bearer_auth(token).send().await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn gateway_responds_to_preflight_requests() {
    let client = Client::new().await;
    for (path, method) in [("/restore", "POST"), ("/presign/s3", "HEAD"), ("/cloudfront/sign", "GET")] {
        let response = client
            .request(Method::OPTIONS, path, &[])
            .header("origin", "https://app.example.org")
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,content-type")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{path}");
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        let allowed = |name| header(&response, name).to_lowercase().split(',').map(str::to_owned).collect();
        let methods: Vec<String> = allowed("access-control-allow-methods");
        assert!(methods.contains(&method.to_lowercase()), "{methods:?}");
        let headers: Vec<String> = allowed("access-control-allow-headers");
        assert_eq!(
            headers,
            openapi::GATEWAY_CORS_ALLOW_HEADERS.join(",").to_lowercase().split(',').collect::<Vec<_>>()
        );
        assert_eq!(header(&response, "access-control-max-age"), openapi::CORS_MAX_AGE_SECONDS.to_string());
    }
}

#[tokio::test]
async fn browser_of_another_origin_may_read_responses_and_errors() {
    let client = Client::new().await;
    let asset = client.asset(&client.stack.assets.thumbnail);
    let request = |user| client.request_as(user, Method::GET, "/cloudfront/sign", &asset);
    for (user, status) in [("viewer", 200), ("guest", 403)] {
        let response = request(user).header("origin", "https://app.example.org").send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        let exposed = header(&response, "access-control-expose-headers").to_lowercase();
        for name in ["content-range", "x-object-content-length"] {
            assert!(exposed.split(',').any(|exposed| exposed == name), "{exposed}");
        }
    }
}

#[tokio::test]
async fn unknown_route_is_not_found_by_the_gateway() {
    let client = Client::new().await;
    let dataset = [("dataset_id", client.stack.dataset_id.as_str())];
    for (method, path) in [
        (Method::GET, "/nothing"),
        (Method::GET, "/restore"),
        (Method::DELETE, "/presign/s3"),
        (Method::GET, "/"),
    ] {
        let response = client.request_as("owner", method.clone(), path, &dataset).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {path}");
        // A 404 of the function has an `errorId` too.
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, serde_json::json!({ "message": "Not Found" }));
    }
}

#[tokio::test]
async fn console_lists_the_deployed_stack() {
    let client = Client::new().await;
    let page = client.open(&client.stack.console_url).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(header(&page, "content-type").starts_with("text/html"));
    let stack_file: Value =
        json_of(client.open(&format!("{}/stack.json", client.stack.console_url)).await).await;
    assert_eq!(stack_file["api_url"], client.stack.api_url.as_str());
}
