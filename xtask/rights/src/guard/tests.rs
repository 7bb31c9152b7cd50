//! Requests through the guard, in front of an emulator that has some objects.

mod emulator;

use std::time::Duration;

use chrono::Utc;
use http::StatusCode;
use serde_json::json;

use self::emulator::{OBJECT, Sent, Stack};
use crate::identity::Operator;
use crate::signature::sha256;

const TARGET: (&str, &str) = ("x-amz-target", "AmazonSSM.GetParameter");

#[tokio::test]
async fn allowed_request_reaches_the_emulator_without_its_signature() {
    let stack = Stack::start().await;
    let deployer = stack.operator(Operator::Deployer);
    let response = stack.send(Sent::get(OBJECT).signed(&deployer)).await;
    assert_eq!((response.status, response.body.as_str()), (StatusCode::OK, "content"));
    let [received] = stack.received().try_into().unwrap();
    assert_eq!(received.path, OBJECT);
    let authorization = received.headers["authorization"].to_str().unwrap();
    assert!(!authorization.contains(&deployer.access_key_id), "{authorization}");
}

#[tokio::test]
async fn request_without_a_signature_is_refused() {
    let stack = Stack::start().await;
    let response = stack.send(Sent::get(OBJECT)).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "AccessDenied"));
    let response = stack.send(Sent::post("/", "{}").header(TARGET)).await;
    assert_eq!(response.refused(), (StatusCode::BAD_REQUEST, "MissingAuthenticationTokenException"));
    assert_eq!(stack.received().len(), 0);
}

#[tokio::test]
async fn request_with_a_wrong_signature_is_refused() {
    let stack = Stack::start().await;
    let mut deployer = stack.operator(Operator::Deployer);
    deployer.secret_access_key = stack.operator(Operator::Reviewer).secret_access_key;
    let response = stack.send(Sent::get(OBJECT).signed(&deployer)).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"));
    assert_eq!(stack.received().len(), 0);
}

#[tokio::test]
async fn request_with_a_clock_twenty_minutes_off_is_refused() {
    let stack = Stack::start().await;
    let then = Utc::now() - Duration::from_mins(20);
    let response = stack.send(Sent::get(OBJECT).signed_at(&stack.operator(Operator::Deployer), then)).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "RequestTimeTooSkewed"));
}

#[tokio::test]
async fn request_beyond_the_policies_is_refused() {
    let stack = Stack::start().await;
    let reviewer = stack.operator(Operator::Reviewer);
    let response = stack.send(Sent::put(OBJECT, "other").signed(&reviewer)).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "AccessDenied"));
    assert!(
        response.body.contains("user/reviewer is not authorized to perform: s3:PutObject"),
        "{}",
        response.body
    );
    assert_eq!(stack.received().len(), 0);
}

#[tokio::test]
async fn operation_that_the_guard_does_not_know_is_refused_by_name() {
    let stack = Stack::start().await;
    let administrator = stack.operator(Operator::Administrator);
    let sent = Sent::get(&format!("{OBJECT}?torrent")).signed(&administrator);
    let response = stack.send(sent).await;
    assert!(response.status.is_server_error() || response.status.is_client_error(), "{response:?}");
    assert!(response.body.contains("torrent"), "{}", response.body);
    assert_eq!(stack.received().len(), 0);
}

#[tokio::test]
async fn session_of_a_deleted_role_is_refused() {
    let stack = Stack::start().await;
    let session = stack.session("reader");
    let response = stack.send(Sent::get(OBJECT).signed(&session)).await;
    assert_eq!(response.status, StatusCode::OK, "{response:?}");
    stack.change_policies(|policies| policies["roles"] = json!({}));
    let response = stack.send(Sent::get(OBJECT).signed(&session)).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "InvalidAccessKeyId"));
}

#[tokio::test]
async fn policy_with_an_unknown_operator_allows_nothing() {
    let stack = Stack::start().await;
    let condition = json!({ "StringAlmostEquals": { "aws:PrincipalAccount": "000000000000" } });
    let path = "/roles/reader/policies/0/Statement/0";
    stack.change_policies(|policies| policies.pointer_mut(path).unwrap()["Condition"] = condition);
    let response = stack.send(Sent::get(OBJECT).signed(&stack.session("reader"))).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "AccessDenied"));
}

#[tokio::test]
async fn object_that_does_not_exist_is_denied_without_the_right_to_list() {
    let stack = Stack::start().await;
    let missing = "/bucket/missing";
    let response = stack.send(Sent::get(missing).signed(&stack.operator(Operator::Deployer))).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND, "{response:?}");
    let response = stack.send(Sent::get(missing).signed(&stack.session("reader"))).await;
    assert_eq!(response.refused(), (StatusCode::FORBIDDEN, "AccessDenied"));
}

#[tokio::test]
async fn objects_that_may_not_be_deleted_stay() {
    let stack = Stack::start().await;
    let objects: String = ["free", "kept"].map(|key| format!("<Object><Key>{key}</Key></Object>")).concat();
    let body = format!("<Delete>{objects}</Delete>");
    let sent = Sent::post("/bucket?delete", &body).signed(&stack.session("cleaner"));
    let response = stack.send(sent).await;
    assert_eq!(response.status, StatusCode::OK, "{response:?}");
    assert!(response.body.contains("<Error><Key>kept</Key><Code>AccessDenied</Code>"), "{}", response.body);
    assert!(response.body.contains("<Deleted/>"), "{}", response.body);
    let [received] = stack.received().try_into().unwrap();
    assert!(received.body.contains("free") && !received.body.contains("kept"), "{}", received.body);
}

#[tokio::test]
async fn large_object_is_passed_on_while_it_arrives_and_checked_at_its_end() {
    let stack = Stack::start().await;
    let deployer = stack.operator(Operator::Deployer);
    let content = "x".repeat(17 * 1024 * 1024);
    let response = stack.send(Sent::put(OBJECT, &content).signed(&deployer)).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.status);
    assert_eq!(stack.received()[0].body.len(), content.len());

    let sent = Sent::put(OBJECT, &content).signed(&deployer).with_body(content.replacen('x', "y", 1));
    assert_ne!(sha256(sent.body()), sha256(content.as_bytes()));
    let response = stack.send(sent).await;
    assert_eq!(response.refused(), (StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch"));
    assert_eq!(stack.received().len(), 0, "the emulator got a whole body that was not signed");
}

#[tokio::test]
async fn addresses_of_the_emulator_itself_are_not_passed_on() {
    let stack = Stack::start().await;
    let administrator = stack.operator(Operator::Administrator);
    for path in ["/_local/policies", "/_ministack/health"] {
        for sent in [Sent::get(path), Sent::get(path).signed(&administrator)] {
            let response = stack.send(sent).await;
            assert_eq!(response.refused(), (StatusCode::BAD_REQUEST, "InvalidBucketName"));
        }
    }
    assert_eq!(stack.received().len(), 0);
}
