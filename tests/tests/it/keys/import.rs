//! Keys that are imported.

use super::command::{Keys, status};
use super::{PARAMETERS, assert_settled, ec_private_key, private_keys, turn};
use crate::aws::Aws;

#[tokio::test]
async fn imported_key_becomes_active() {
    let (running, _turn) = turn().await;
    let aws = Aws::for_stack(&running.stack);
    assert_settled(running).await;
    let public = &aws.parameters_below(&format!("{PARAMETERS}/public-key")).await[0];
    let stderr = Keys::start_with(running, &["import", "-"], public).end().await.failure();
    assert!(stderr.contains("not a private key"), "{stderr}");

    let pem = ec_private_key();
    Keys::start_with(running, &["import", "-"], &pem).end().await.success();
    let stderr = Keys::start_with(running, &["import", "-"], &pem).end().await.failure();
    assert!(stderr.contains("the key ring already has this key, as next"), "{stderr}");
    let (code, introducing) = status(running).await;
    assert_eq!((code, &introducing["phase"]), (Some(3), &"introducing".into()), "{introducing:#}");

    let stderr =
        Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "1s"]).end().await.success();
    assert!(!stderr.contains("step: create"), "{stderr}");
    assert_settled(running).await;
    let stored = private_keys(running).await.remove(0);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&stored), lines(&pem), "as it would have been generated");
}
