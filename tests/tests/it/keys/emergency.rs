//! Emergencies: a key is replaced and revoked at once.

use reqwest::StatusCode;

use super::command::{Keys, status};
use super::{assert_settled, ec_private_key, turn, wait_for_status, wait_until_the_key_signs};
use crate::client::Client;

#[tokio::test]
async fn emergency_drops_the_next_key_and_ends_with_a_new_one() {
    let (running, _turn) = turn().await;
    let before = assert_settled(running).await;
    Keys::start_with(running, &["import", "-"], &ec_private_key()).end().await.success();
    let (_, introducing) = status(running).await;
    let keys = introducing["keys"].as_array().unwrap();
    let next = keys.iter().find(|key| key["state"] == "next").unwrap()["fingerprint"].as_str().unwrap();
    let stderr = Keys::start(running, &["rotate", "--emergency", "--yes"]).end().await.success();
    assert!(stderr.contains(&format!("{next}, the next key, is removed")), "{stderr}");
    let after = assert_settled(running).await;
    assert!(after != before && after != next, "{after}");
}

#[tokio::test]
async fn emergency_revokes_the_old_key_once_the_new_one_signs() {
    let (running, _turn) = turn().await;
    let client = Client::for_stack(&running.stack);
    let old = assert_settled(running).await;
    let url = client.sign(&running.stack.assets.thumbnail).await;
    let stderr = Keys::start(running, &["rotate", "--emergency"]).end().await.failure();
    assert!(stderr.contains("stop working") && stderr.contains("--yes"), "{stderr}");
    assert_eq!(assert_settled(running).await, old, "without confirmation nothing changes");

    Keys::start(running, &["rotate", "--emergency", "--yes"]).end().await.success();
    assert_ne!(assert_settled(running).await, old);
    wait_for_status(&client, &url, StatusCode::FORBIDDEN).await;
    // The local functions take a moment to run with the deployed configuration.
    wait_until_the_key_signs(&client).await;
}
