//! What releases record about their deployments, and where a rollback goes.

use faults::Fate;

use super::confirmation::with_faults;
use super::crafted::{craft, deployed, ending};
use super::{other_alarm, run, turn};
use crate::rejecting_edge::RejectingEdge;
use crate::stack::Running;

/// Returns the row of a release in the list of all.
async fn row(running: &'static Running, release: &str) -> String {
    let ended = run(running, &["releases"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout.matches("deployed now").count(), 1, "{}", ended.stdout);
    ended.stdout.lines().find(|line| line.contains(release)).unwrap().to_owned()
}

async fn deploy(running: &'static Running, release: &str) -> String {
    run(running, &["deploy", "--release", release, "--yes"]).await.success()
}

/// Deploys a release with a verification that fails.
async fn deploy_unverified(running: &'static Running, release: &str) {
    let edge = RejectingEdge::start(running).await;
    let stderr = edge.run(&["deploy", "--release", release, "--yes"]).await.failure();
    assert!(stderr.contains("everything is deployed, but the verification failed"), "{stderr}");
}

#[tokio::test]
async fn failed_verification_is_repeated_until_it_succeeds() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(4_001)).await;
    deploy_unverified(running, &release).await;
    let edge = RejectingEdge::start(running).await;
    let ended = edge.run(&["deploy", "--release", &release, "--yes"]).await;
    let stderr = ended.failure();
    assert!(
        stderr.contains("no changes") && stderr.contains("verification of what is deployed failed"),
        "{stderr}"
    );
    let shown = row(running, &release).await;
    assert!(shown.contains("verification failed") && shown.contains("deployed now"), "{shown}");
    let status = run(running, &["status"]).await.stdout;
    assert!(status.contains(&release) && status.contains("; not verified"), "{status}");
    let ending = ending(running, &release).await;
    assert!(ending["reason"].as_str().unwrap().contains("403 (AccessDenied)"), "{ending}");

    let stderr = deploy(running, &release).await;
    assert!(stderr.contains("no changes") && stderr.contains("a signed URL opens"), "{stderr}");
    let shown = row(running, &release).await;
    assert!(shown.contains(" verified") && shown.contains("deployed now"), "{shown}");
    // A verified release is not verified again.
    let stderr = deploy(running, &release).await;
    assert!(stderr.contains("no changes") && !stderr.contains("a signed URL opens"), "{stderr}");
}

#[tokio::test]
async fn one_of_the_releases_with_the_deployed_template_is_deployed() {
    let (running, _turn) = turn().await;
    let mut same = Vec::new();
    for _ in 0..3 {
        same.push(craft(running, other_alarm(4_002)).await);
    }
    let [failed, one, two] = &same[..] else { unreachable!("three were made") };
    let arguments = ["deploy", "--release", failed, "--yes"];
    let fail = |call: &faults::Call| {
        if call.operation == "CreateChangeSet" { Fate::Deny } else { Fate::Forward }
    };
    with_faults(running, &arguments, fail).await.failure();
    deploy(running, one).await;
    assert!(row(running, failed).await.contains(" failed"));
    assert!(row(running, one).await.contains("deployed now"));
    assert!(row(running, two).await.contains("never"));
    // The template is deployed, but not yet as this release.
    let stderr = deploy(running, two).await;
    assert!(stderr.contains("no changes") && stderr.contains("a signed URL opens"), "{stderr}");
    assert!(row(running, two).await.contains("deployed now"));
    // Other signing keys do not make another release of it.
    run(running, &["keys", "rotate", "--emergency", "--yes"]).await.success();
    assert!(row(running, two).await.contains("deployed now"));
}

#[tokio::test]
async fn second_rollback_goes_further_back() {
    let (running, _turn) = turn().await;
    let mut releases = Vec::new();
    for threshold in [4_003, 4_004, 4_005] {
        releases.push(craft(running, other_alarm(threshold)).await);
    }
    for release in &releases {
        deploy(running, release).await;
    }
    for expected in [&releases[1], &releases[0]] {
        run(running, &["rollback", "--yes"]).await.success();
        assert_eq!(deployed(running).await.release, *expected);
    }
}

#[tokio::test]
async fn rollback_to_an_unverified_release_needs_its_name_and_a_flag() {
    let (running, _turn) = turn().await;
    let (good, bad) = (craft(running, other_alarm(4_006)).await, craft(running, other_alarm(4_007)).await);
    let last = craft(running, other_alarm(4_008)).await;
    deploy(running, &good).await;
    deploy_unverified(running, &bad).await;
    deploy(running, &last).await;
    let stderr = run(running, &["rollback", "--yes"]).await.success();
    assert!(stderr.contains(&format!("skipped: the deployment of release {bad} on ")), "{stderr}");
    assert_eq!(deployed(running).await.release, good);

    let stderr = run(running, &["rollback", "--to", &bad, "--yes"]).await.failure();
    assert!(stderr.contains("failed its verification") && stderr.contains("403 (AccessDenied)"), "{stderr}");
    assert!(stderr.contains("pass --allow-unverified"), "{stderr}");
    assert_eq!(deployed(running).await.release, good);
    run(running, &["rollback", "--to", &bad, "--yes", "--allow-unverified"]).await.success();
    assert_eq!(deployed(running).await.release, bad);
    assert_eq!(ending(running, &bad).await["outcome"], "verified");
}
