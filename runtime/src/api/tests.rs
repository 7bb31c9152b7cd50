//! What is checked before anything outside is asked, in its order.

use serde_json::{Value, json};

use super::{ApiFunction, GatewayEvent};
use crate::configuration::{ApiSettings, Variables};

/// The status for an event, from a function of which nothing is configured.
async fn status(event: Value) -> u16 {
    let function = ApiFunction::new(ApiSettings::read(&Variables::from_pairs([])));
    let event: GatewayEvent = serde_json::from_value(event).unwrap();
    function.answer(event).await.status()
}

async fn restore_status(query: &str, claims: Value) -> u16 {
    status(json!({
        "rawQueryString": query,
        "body": r#"{"nodeIds":["N:package:1"]}"#,
        "requestContext": {
            "http": {"method": "POST", "path": "/restore"},
            "authorizer": {"lambda": claims},
        },
    }))
    .await
}

fn claims(user: &Value, role: &Value, dataset: &str) -> Value {
    json!({
        "user_claim": user,
        "org_claim": {"IntId": 1},
        "dataset_claim": {"NodeId": dataset, "Role": role},
    })
}

#[tokio::test]
async fn claims_come_before_the_role_and_the_role_before_parameters() {
    let user = json!({"NodeId": "N:user:1"});
    let dataset = "N:dataset:1";
    for (query, role) in [("dataset_id=N:dataset:1", 1), ("", 3), ("dataset_id=N:dataset:2", 3)] {
        assert_eq!(restore_status(query, claims(&json!(null), &json!(role), dataset)).await, 401, "{query}");
    }
    assert_eq!(restore_status("", claims(&user, &json!(1), dataset)).await, 403);
    assert_eq!(restore_status("", claims(&user, &json!(3), dataset)).await, 400);
    assert_eq!(restore_status("dataset_id=N:dataset:2", claims(&user, &json!(3), dataset)).await, 403);
    // All is well but for the configuration.
    assert_eq!(restore_status("dataset_id=N:dataset:1", claims(&user, &json!(3), dataset)).await, 503);
}

#[tokio::test]
async fn a_malformed_dataset_id_is_a_bad_request() {
    let user = json!({"NodeId": "N:user:1"});
    for malformed in ["N%00", &"x".repeat(256)] {
        let claims = claims(&user, &json!(3), "N:dataset:1");
        assert_eq!(restore_status(&format!("dataset_id={malformed}"), claims).await, 400, "{malformed}");
    }
}

#[tokio::test]
async fn a_role_beyond_any_known_one_is_too_low() {
    for role in [json!(6), json!(-1), json!(u64::MAX)] {
        let claims = claims(&json!({"NodeId": "N:user:1"}), &role, "N:dataset:1");
        assert_eq!(restore_status("dataset_id=N:dataset:1", claims).await, 403, "{role}");
    }
}

#[tokio::test]
async fn an_event_of_nulls_has_an_answer() {
    let nulls = json!({
        "rawQueryString": null,
        "queryStringParameters": null,
        "body": null,
        "isBase64Encoded": null,
        "requestContext": {"requestId": null, "http": null, "authorizer": null},
    });
    for event in [json!({}), json!({"requestContext": null}), nulls] {
        assert_eq!(status(event).await, 404);
    }
}

#[tokio::test]
async fn a_proxy_without_a_bucket_is_not_configured_but_judges_urls() {
    let head = async |url: &str| {
        status(json!({
            "rawQueryString": format!("presigned_url={url}"),
            "requestContext": {"http": {"method": "GET", "path": "/proxy/s3"}},
        }))
        .await
    };
    let signature = "a".repeat(64);
    let valid = format!(
        "https://bucket.s3.amazonaws.com/key?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         %26X-Amz-Credential=AKID/99990101/us-east-1/s3/aws4_request%26X-Amz-Date=99990101T000000Z\
         %26X-Amz-Expires=3600%26X-Amz-SignedHeaders=host%26X-Amz-Signature={signature}"
    );
    assert_eq!(head("https://example.org/key").await, 400);
    assert_eq!(head(&valid).await, 503);
}
