//! What `--quiet` hides, and what `--verbose` adds.

use super::crafted::craft;
use super::{other_alarm, run, turn};

#[tokio::test]
async fn quiet_deployment_prints_the_review_and_the_outputs() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(6_001)).await;
    let ended = run(running, &["deploy", "--release", &release, "--yes", "--quiet"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 to change") && ended.stdout.contains("RestoreQueueUrl"));
    for progress in ["environment local", "✓", "change set", "verify"] {
        assert!(!ended.stderr.contains(progress), "{progress}: {}", ended.stderr);
    }
    assert_eq!(run(running, &["--quiet", "deploy", "--release", &release]).await.success(), "");
    let ended = run(running, &["deploy", "--release", "20200101T000000Z-nothing", "--quiet"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("has no release"), "{}", ended.stderr);
}

#[tokio::test]
async fn verbose_command_prints_its_calls_without_parameters() {
    let (running, _turn) = turn().await;
    for arguments in [vec!["keys", "status", "--verbose"], vec!["--verbose", "status"]] {
        let ended = run(running, &arguments).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let is_call = |line: &&str| line.starts_with("    ") && line.ends_with(" ms");
        let calls: Vec<_> = ended.stderr.lines().filter(is_call).collect();
        assert!(calls.iter().any(|call| call.contains("STS GetCallerIdentity  200  ")), "{calls:?}");
        assert!(calls.len() > 3, "{}", ended.stderr);
        for value in ["packages-service", "local-", "key-ring", "http", "?", "="] {
            assert!(!calls.concat().contains(value), "{value}: {calls:?}");
        }
    }
}
