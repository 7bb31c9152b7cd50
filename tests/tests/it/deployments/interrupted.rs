//! Deployments that are interrupted.

use std::sync::Arc;

use faults::{AwsProxy, Fate, Faults, Moment};
use rustix::process::Signal;

use super::crafted::{craft, deployed, ending};
use super::terminal::assert_shows;
use super::{other_alarm, run, turn};
use crate::command::{Run, command};
use crate::stack::{Running, aws_proxy};
use crate::waiting::within_limit;

/// A deployment that is stopped at a call to AWS.
pub(super) struct Halted {
    pub(super) run: Run,
    pub(super) faults: Arc<Faults>,
    _proxy: AwsProxy,
}

impl Halted {
    /// Starts a deployment and waits until it is at a call: the first one of an operation, or the one with a number.
    pub(super) async fn at(
        running: &Running,
        release: &str,
        operation: &str,
        number: u32,
        moment: Moment,
    ) -> Self {
        let operation = operation.to_owned();
        let faults = Faults::new();
        let proxy = aws_proxy(&running.stack, &faults).await;
        faults.begin(move |call| {
            let is_it = call.operation.starts_with(&operation) && call.number_of_operation == number;
            if is_it { Fate::Stop(moment) } else { Fate::Forward }
        });
        let mut command = command(running, &["deploy", "--release", release, "--yes"]);
        command.env("AWS_ENDPOINT_URL", proxy.url());
        let run = Run::start_command(command);
        within_limit("the deployment is at the call", faults.stopped()).await;
        Self { run, faults, _proxy: proxy }
    }
}

/// The calls of a deployment that change something.
fn changing_calls(release: &str) -> [(String, u32); 5] {
    let manifest =
        format!("PUT /packages-service-artifacts-local/packages-service/releases/local/{release}.json");
    [
        ("PUT /packages-service-artifacts-local/packages-service/locks/local.json".to_owned(), 1),
        (manifest.clone(), 1),
        ("CreateChangeSet".to_owned(), 1),
        ("ExecuteChangeSet".to_owned(), 1),
        (manifest, 2),
    ]
}

#[tokio::test]
async fn killed_deployment_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let mut threshold = 1_000;
    for index in 0..5 {
        for moment in [Moment::Before, Moment::After] {
            threshold += 1;
            let release = craft(running, other_alarm(threshold)).await;
            let (operation, number) = changing_calls(&release)[index].clone();
            let halted = Halted::at(running, &release, &operation, number, moment).await;
            halted.run.kill().await;
            drop(halted.faults);

            let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
            let place = format!("killed {moment:?} {operation}, then:\n{}", ended.stderr);
            assert_eq!(ended.code, Some(0), "{place}");
            assert_eq!(deployed(running).await.release, release, "{place}");
            assert_eq!(ending(running, &release).await["outcome"], "verified", "{place}");
            let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
            assert!(ended.code == Some(0) && ended.stderr.contains("no changes"), "{place}{}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn interrupted_deployment_says_what_continues() {
    let (running, _turn) = turn().await;
    for (operation, threshold) in [("CreateChangeSet", 2_001), ("ExecuteChangeSet", 2_002)] {
        let release = craft(running, other_alarm(threshold)).await;
        let halted = Halted::at(running, &release, operation, 1, Moment::After).await;
        halted.run.send(Signal::INT);
        // Releasing the lock needs calls that pass.
        halted.faults.begin(|_| Fate::Forward);
        let ended = halted.run.end().await;
        assert_eq!(ended.code, Some(130), "{}", ended.stderr);
        assert_shows!(ended.stderr);
        // The lock is free.
        let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(deployed(running).await.release, release);
    }
}
