//! Rotations, while viewers open URLs without a pause.

use faults::{Fate, Faults};

use super::command::{Keys, status};
use super::viewer::Viewer;
use super::{assert_all_served, assert_settled, turn};
use crate::command::{Ended, Run};
use crate::rejecting_edge::RejectingEdge;
use crate::stack::aws_proxy;

/// The steps of a rotation as the command prints them.
const STEPS: [&str; 11] = [
    "create a key",
    "add the key to the key ring",
    "deploy the key ring",
    "probe",
    "activate the next key",
    "deploy the key ring",
    "schedule the retirement",
    "wait for the retirement",
    "remove",
    "deploy the key ring",
    "delete the parameters",
];

#[tokio::test]
async fn viewers_are_served_during_rotations_between_all_kinds_of_keys() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    for algorithm in ["ec-p256", "rsa-2048", "ec-p256"] {
        let before = assert_settled(running).await;
        let rotate = Keys::start(
            running,
            &["rotate", "--yes", "--wait", "--overlap", "10s", "--algorithm", algorithm],
        );
        rotate.end().await.success();
        assert_ne!(assert_settled(running).await, before);
        assert_eq!(status(running).await.1["keys"][0]["algorithm"], algorithm);
        viewer.wait_for_another_round().await;
    }
    assert_all_served(viewer).await;
}

#[tokio::test]
async fn rotation_stopped_by_aws_errors_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    let viewer = Viewer::start(running);
    let rotate = ["rotate", "--yes", "--wait", "--overlap", "3s"];
    for step in ["create a key", "deploy the key ring", "activate the next key", "remove"] {
        let before = assert_settled(running).await;
        faults.begin(|_| Fate::Forward);
        let mut command = Keys::command(running, &rotate);
        command.env("AWS_ENDPOINT_URL", proxy.url()).env("AWS_MAX_ATTEMPTS", "1");
        let mut stopped = Run::start_command(command);
        stopped.wait_for(&format!("step: {step}")).await;
        // From this step on, every call fails.
        faults.begin(|_| Fate::Unavailable);
        let stderr = stopped.end().await.failure();
        assert!(stderr.contains("error:"), "{stderr}");
        Keys::start(running, &rotate).end().await.success();
        assert_ne!(assert_settled(running).await, before);
    }
    assert_all_served(viewer).await;
}

#[tokio::test]
async fn rotation_killed_at_any_step_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    let rotate = ["rotate", "--yes", "--wait", "--overlap", "3s"];
    for (index, step) in STEPS.iter().enumerate() {
        let before = assert_settled(running).await;
        let mut killed = Keys::start(running, &rotate);
        for step in &STEPS[..=index] {
            killed.wait_for(&format!("step: {step}")).await;
        }
        killed.kill().await;
        let Ended { code, stderr, .. } = Keys::start(running, &rotate).end().await;
        assert_eq!(code, Some(0), "killed at `{step}`, then: {stderr}");
        assert_ne!(assert_settled(running).await, before, "killed at `{step}`, then: {stderr}");
    }
    assert_all_served(viewer).await;
}

#[tokio::test]
async fn key_rejected_by_cloudfront_never_signs() {
    let (running, _turn) = turn().await;
    let active = assert_settled(running).await;
    let edge = RejectingEdge::start(running).await;
    let Ended { code, stderr, .. } = edge.run(&["keys", "rotate", "--yes", "--overlap", "1s"]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("the old key continues to sign"), "{stderr}");
    assert!(stderr.contains("403 (AccessDenied)"), "{stderr}");

    let (_, introducing) = status(running).await;
    assert_eq!(introducing["phase"], "introducing");
    let key_of = |state: &str| {
        let keys = introducing["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["state"] == state).unwrap();
        (key["fingerprint"].as_str().unwrap().to_owned(), key["signs"].as_bool().unwrap())
    };
    assert_eq!(key_of("active"), (active.clone(), true));
    let (next, signs) = key_of("next");
    assert!(!signs);
    assert!(stderr.contains(&format!("keys retire {next}")), "{stderr}");
    Keys::start(running, &["retire", &next, "--yes"]).end().await.success();
    assert_eq!(assert_settled(running).await, active);
}

#[tokio::test]
async fn concurrent_rotations_do_no_harm() {
    let (running, _turn) = turn().await;
    let viewer = Viewer::start(running);
    let before = assert_settled(running).await;
    let rotate = || Keys::start(running, &["rotate", "--yes", "--wait", "--overlap", "3s"]);
    let (one, other) = tokio::join!(rotate().end(), rotate().end());
    let mut succeeded = 0;
    for Ended { code, stderr, .. } in [one, other] {
        if code == Some(0) {
            succeeded += 1;
        } else {
            let known = [
                "has been changing local since",
                "another process changed the key ring",
                "is being changed",
                "did not confirm that it executes the change set",
            ];
            assert!(known.iter().any(|reason| stderr.contains(reason)), "{stderr}");
        }
    }
    assert!(succeeded > 0);
    assert_ne!(assert_settled(running).await, before);
    assert_all_served(viewer).await;
}
