//! What happens while somebody is asked, and between the review and its execution.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use faults::{AwsProxy, Fate, Faults, Moment};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::crafted::{craft, deployed};
use super::interrupted::Halted;
use super::{other_alarm, run, turn};
use crate::aws::Aws;
use crate::command::{Ended, Run, command};
use crate::stack::Running;

const LIMIT: Duration = Duration::from_mins(3);
const BUCKET: &str = "packages-service-artifacts-local";
const LOCK: &str = "packages-service/locks/local.json";
const RING: &str = "/local/packages-service/cloudfront/key-ring";
const QUESTION: &str = "Make these changes? [y/N]";
/// Runs a command at a terminal of its own.
const TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// A person at a terminal.
struct Person {
    child: Child,
    shown: String,
    read: usize,
}

impl Person {
    async fn start(running: &Running, arguments: &[&str]) -> Self {
        let bare = command(running, arguments);
        let bare = bare.as_std();
        let mut command = Command::new(machine::python::find().await.unwrap());
        command.args(["-I", "-c", TERMINAL]).arg(bare.get_program()).args(bare.get_args());
        command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(bare.get_current_dir().unwrap()).kill_on_drop(true);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, shown: String::new(), read: 0 }
    }

    /// Read until the terminal shows this, after what was waited for before.
    async fn sees(&mut self, text: &str) {
        let seen = async {
            loop {
                if let Some(position) = self.shown[self.read..].find(text) {
                    self.read += position + text.len();
                    return true;
                }
                if !self.read_more().await {
                    return false;
                }
            }
        };
        let seen = timeout(LIMIT, seen).await.unwrap_or_default();
        assert!(seen, "the terminal does not show `{text}`, but:\n{}", self.shown);
    }

    async fn read_more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let count = self.child.stdout.as_mut().unwrap().read(&mut bytes).await.unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }

    async fn answers(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    /// The exit code, and all that was shown.
    async fn end(mut self) -> (Option<i32>, String) {
        let ended = timeout(LIMIT, async {
            while self.read_more().await {}
            self.child.wait().await.unwrap()
        });
        let Ok(status) = ended.await else { panic!("it does not end, but shows:\n{}", self.shown) };
        (status.code(), self.shown)
    }
}

async fn keys(running: &'static Running) -> Value {
    let ended = run(running, &["keys", "status", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.said, ended.printed);
    serde_json::from_str(&ended.printed).unwrap()
}

#[tokio::test]
async fn an_emergency_waits_for_nobody_who_is_asked() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_001)).await;
    let before = keys(running).await;
    let mut person = Person::start(running, &["deploy", "--release", &release]).await;
    person.sees(QUESTION).await;
    let ended = run(running, &["keys", "rotate", "--emergency", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    // What was shown is still what would be done, and it is done with the keys of now.
    person.answers("y").await;
    let (code, shown) = person.end().await;
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(deployed(running).await.release, release);
    let after = keys(running).await;
    assert_ne!(before["keys"][0]["fingerprint"], after["keys"][0]["fingerprint"]);
    assert_eq!(after["keys"].as_array().unwrap().len(), 1, "{after:#}");
}

#[tokio::test]
async fn what_moved_while_somebody_was_asked_is_shown_again() {
    let (running, _turn) = turn().await;
    let (one, two) = (craft(running, other_alarm(3_002)).await, craft(running, other_alarm(3_003)).await);
    let mut person = Person::start(running, &["deploy", "--release", &one]).await;
    person.sees(QUESTION).await;
    let ended = run(running, &["deploy", "--release", &two, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    person.answers("y").await;
    person.sees("changed while you were asked: template; review again").await;
    person.sees("3003").await;
    person.sees(QUESTION).await;
    assert_eq!(deployed(running).await.release, two, "nothing is done before it is agreed to");
    person.answers("y").await;
    let (code, shown) = person.end().await;
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(deployed(running).await.release, one);
}

#[tokio::test]
async fn a_lock_that_was_lost_stops_the_deployment() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_004)).await;
    let aws = Aws::of(&running.stack);
    let halted = Halted::at(running, &release, "CreateChangeSet", 1, Moment::After).await;
    // Somebody whose process is gone by now, so that nobody is kept out after this.
    let mut lock: Value = serde_json::from_slice(&aws.get_object(BUCKET, LOCK).await).unwrap();
    lock["by"] = json!("arn:aws:iam::000000000000:user/alice");
    lock["process"] = json!(i32::MAX);
    aws.put_object(BUCKET, LOCK, lock.to_string().as_bytes()).await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert!(ended.said.contains("user/alice has it"), "{}", ended.said);
    assert!(ended.said.contains("Nothing was executed"), "{}", ended.said);
    assert_eq!(deployed(running).await.template, before.template);
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_stops_nothing() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_005)).await;
    // The first one takes the lock, the second one is made right before the execution.
    let lock = format!("PUT /{BUCKET}/{LOCK}");
    let deploy = ["deploy", "--release", &release, "--yes"];
    let ended = with_faults(running, &deploy, move |call| {
        let is_renewal = call.operation == lock && call.number_of_operation == 2;
        if is_renewal { Fate::Cut(Moment::After) } else { Fate::Forward }
    });
    let ended = ended.await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn keys_that_changed_before_the_execution_stop_the_deployment() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_006)).await;
    let aws = Aws::of(&running.stack);
    let halted = Halted::at(running, &release, "CreateChangeSet", 1, Moment::After).await;
    let ring = aws.take_parameter(RING).await;
    let active = keys_of(&ring)[0]["fingerprint"].as_str().unwrap().to_owned();
    aws.put_parameter(RING, &ring.replace(&active, "ffffffffffff")).await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    aws.take_parameter(RING).await;
    aws.put_parameter(RING, &ring).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    assert!(ended.said.contains("the signing keys were changed meanwhile"), "{}", ended.said);
    assert_eq!(deployed(running).await.template, before.template);
}

fn keys_of(ring: &str) -> Value {
    serde_json::from_str(ring).unwrap()
}

#[tokio::test]
async fn a_manifest_that_cannot_be_written_is_a_warning_and_is_completed_by_the_next() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_007)).await;
    let manifest = format!("PUT /{BUCKET}/packages-service/releases/local/{release}.json");
    // The first one notes that it begins, the second one how it has ended.
    let deploy = ["deploy", "--release", &release, "--yes"];
    let ended = with_faults(running, &deploy, move |call| {
        let is_ending = call.operation == manifest && call.number_of_operation >= 2;
        if is_ending { Fate::Unavailable } else { Fate::Forward }
    });
    let ended = ended.await;
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(ended.said.contains("warning:") && ended.said.contains("a signed URL opens"), "{}", ended.said);
    let outputs: Value = serde_json::from_str(&ended.printed).unwrap();
    assert!(outputs["RestoreQueueUrl"].is_string());
    assert!(ending(running, &release).await.is_null());
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert!(ended.code == Some(0) && ended.said.contains("no changes"), "{}", ended.said);
    assert_eq!(ending(running, &release).await["succeeded"], true);
}

/// How the last deployment of a release is said to have ended.
async fn ending(running: &'static Running, release: &str) -> Value {
    let ended = run(running, &["releases", "--json"]).await;
    let releases: Value = serde_json::from_str(&ended.printed).unwrap();
    let found = releases.as_array().unwrap().iter().find(|it| it["release"]["id"] == release).unwrap();
    found["release"]["deployments"].as_array().unwrap().last().unwrap()["ending"].clone()
}

/// Run a command whose calls of AWS this happens to.
async fn with_faults(
    running: &'static Running,
    arguments: &[&str],
    script: impl FnMut(&faults::Call) -> Fate + Send + 'static,
) -> Ended {
    let faults = Faults::new();
    let proxy = AwsProxy::start(&running.stack.aws_endpoint_url, Arc::clone(&faults)).await.unwrap();
    faults.begin(script);
    let mut command = command(running, arguments);
    command.env("AWS_ENDPOINT_URL", proxy.url()).env("AWS_MAX_ATTEMPTS", "2");
    Run::of(command).end().await
}
