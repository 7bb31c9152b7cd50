//! What operators with other policies than the deployer's may do.

use super::crafted::{craft, deployed};
use super::{other_alarm, run, turn};

/// What a review reads.
const READING: [&[&str]; 15] = [
    &["diff"],
    &["status"],
    &["metrics"],
    &["metrics", "latency", "--since", "1d"],
    &["releases"],
    &["outputs"],
    &["drift"],
    &["logs"],
    &["logs", "--errors"],
    &["traces"],
    &["logs", "--request", "none"],
    &["keys", "status"],
    &["queue", "status"],
    &["lock", "status"],
    &["doctor"],
];

/// What changes something. Of `deploy` and `rollback` there is something to change.
const CHANGING: [&[&str]; 4] =
    [&["deploy", "--yes"], &["rollback", "--yes"], &["keys", "rotate", "--yes"], &["destroy", "--yes"]];

#[tokio::test]
async fn reviewer_reads_everything_and_changes_nothing() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(666)).await;
    run(running, &["deploy", "--release", &release, "--yes"]).await.success();
    let before = deployed(running).await;
    let reviewer =
        async |arguments: &[&str]| run(running, &[arguments, &["--as", "reviewer"]].concat()).await;
    for arguments in READING {
        let ended = reviewer(arguments).await;
        let output = format!("{}{}", ended.stdout, ended.stderr);
        // A reviewer has no policies for deployments, which `doctor` reports.
        let expected: &[i32] = if arguments == ["doctor"] { &[1] } else { &[0, 3] };
        assert!(ended.code.is_some_and(|code| expected.contains(&code)), "{arguments:?}: {output}");
        assert!(!output.contains("not authorized"), "{arguments:?}: {output}");
    }
    for arguments in CHANGING {
        let ended = reviewer(arguments).await;
        assert_eq!(ended.code, Some(1), "{arguments:?}: {}", ended.stderr);
        let refusal = "User: arn:aws:iam::000000000000:user/reviewer is not authorized to perform: ";
        assert!(ended.stderr.contains(refusal), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(deployed(running).await, before);
}
