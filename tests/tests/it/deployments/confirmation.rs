//! Changes during the question for confirmation, and between the review and the execution.

use std::process::Stdio;
use std::time::Duration;

use faults::{Fate, Faults, Moment};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::crafted::{craft, deployed, ending};
use super::interrupted::Halted;
use super::{other_alarm, run, turn};
use crate::aws::Aws;
use crate::command::{Ended, Run, command};
use crate::stack::{Running, aws_proxy};

const LIMIT: Duration = Duration::from_mins(3);
const BUCKET: &str = "packages-service-artifacts-local";
const LOCK: &str = "packages-service/locks/local.json";
const RING: &str = "/local/packages-service/cloudfront/key-ring";
const QUESTION: &str = "Make these changes? [y/N]";
/// Runs a command with a terminal of its own.
const RUN_IN_TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// A terminal with a command.
struct Terminal {
    child: Child,
    screen: String,
    read: usize,
}

impl Terminal {
    async fn start(running: &Running, arguments: &[&str]) -> Self {
        let bare = command(running, arguments);
        let bare = bare.as_std();
        let mut command = Command::new(machine::python::find().await.unwrap());
        command.args(["-I", "-c", RUN_IN_TERMINAL]).arg(bare.get_program()).args(bare.get_args());
        command.envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(bare.get_current_dir().unwrap()).kill_on_drop(true);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, screen: String::new(), read: 0 }
    }

    /// Reads until the terminal shows a text, after the text of the last call.
    async fn wait_for(&mut self, text: &str) {
        let found = async {
            loop {
                if let Some(position) = self.screen[self.read..].find(text) {
                    self.read += position + text.len();
                    return true;
                }
                if !self.read_more().await {
                    return false;
                }
            }
        };
        let found = timeout(LIMIT, found).await.unwrap_or_default();
        assert!(found, "the terminal does not show `{text}`, but:\n{}", self.screen);
    }

    async fn read_more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let count = self.child.stdout.as_mut().unwrap().read(&mut bytes).await.unwrap();
        self.screen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }

    async fn enter(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    /// Returns the exit code and everything that was shown.
    async fn end(mut self) -> (Option<i32>, String) {
        let ended = timeout(LIMIT, async {
            while self.read_more().await {}
            self.child.wait().await.unwrap()
        });
        let Ok(status) = ended.await else { panic!("it does not end, but shows:\n{}", self.screen) };
        (status.code(), self.screen)
    }
}

async fn keys(running: &'static Running) -> Value {
    let ended = run(running, &["keys", "status", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.stderr, ended.stdout);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[tokio::test]
async fn emergency_does_not_wait_for_an_unanswered_question() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_001)).await;
    let before = keys(running).await;
    let mut terminal = Terminal::start(running, &["deploy", "--release", &release]).await;
    terminal.wait_for(QUESTION).await;
    let ended = run(running, &["keys", "rotate", "--emergency", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // The review is the same as shown, and the deployment uses the current keys.
    terminal.enter("y").await;
    let (code, screen) = terminal.end().await;
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(deployed(running).await.release, release);
    let after = keys(running).await;
    assert_ne!(before["keys"][0]["fingerprint"], after["keys"][0]["fingerprint"]);
    assert_eq!(after["keys"].as_array().unwrap().len(), 1, "{after:#}");
}

#[tokio::test]
async fn changes_made_during_the_question_are_shown_again() {
    let (running, _turn) = turn().await;
    let (one, two) = (craft(running, other_alarm(3_002)).await, craft(running, other_alarm(3_003)).await);
    let mut terminal = Terminal::start(running, &["deploy", "--release", &one]).await;
    terminal.wait_for(QUESTION).await;
    let ended = run(running, &["deploy", "--release", &two, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    terminal.enter("y").await;
    terminal.wait_for("changed while you were asked: template; review it again").await;
    terminal.wait_for("3003").await;
    terminal.wait_for(QUESTION).await;
    assert_eq!(deployed(running).await.release, two, "nothing is done before it is agreed to");
    terminal.enter("y").await;
    let (code, screen) = terminal.end().await;
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(deployed(running).await.release, one);
}

#[tokio::test]
async fn lost_lock_stops_the_deployment() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_004)).await;
    let aws = Aws::for_stack(&running.stack);
    let halted = Halted::at(running, &release, "CreateChangeSet", 1, Moment::After).await;
    // The process of the holder has ended, so no later deployment is rejected.
    let mut lock: Value = serde_json::from_slice(&aws.get_object(BUCKET, LOCK).await).unwrap();
    lock["by"] = json!("arn:aws:iam::000000000000:user/alice");
    lock["process"] = json!(i32::MAX);
    aws.put_object(BUCKET, LOCK, lock.to_string().as_bytes()).await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("user/alice has it"), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was executed"), "{}", ended.stderr);
    assert_eq!(deployed(running).await.template, before.template);
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn lock_renewal_with_a_lost_response_succeeds() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_005)).await;
    // The first call takes the lock, the second one renews it right before the execution.
    let lock = format!("PUT /{BUCKET}/{LOCK}");
    let deploy = ["deploy", "--release", &release, "--yes"];
    let ended = with_faults(running, &deploy, move |call| {
        let is_renewal = call.operation == lock && call.number_of_operation == 2;
        if is_renewal { Fate::Cut(Moment::After) } else { Fate::Forward }
    });
    let ended = ended.await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(deployed(running).await.release, release);
}

#[tokio::test]
async fn key_change_before_the_execution_stops_the_deployment() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_006)).await;
    let aws = Aws::for_stack(&running.stack);
    let halted = Halted::at(running, &release, "CreateChangeSet", 1, Moment::After).await;
    let ring = aws.take_parameter(RING).await;
    let active = keys_of(&ring)[0]["fingerprint"].as_str().unwrap().to_owned();
    aws.put_parameter(RING, &ring.replace(&active, "ffffffffffff")).await;
    halted.faults.begin(|_| Fate::Forward);
    let ended = halted.run.end().await;
    aws.take_parameter(RING).await;
    aws.put_parameter(RING, &ring).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("a rotation changed the signing keys in the meantime"), "{}", ended.stderr);
    assert_eq!(deployed(running).await.template, before.template);
}

fn keys_of(ring: &str) -> Value {
    serde_json::from_str(ring).unwrap()
}

#[tokio::test]
async fn unwritable_manifest_is_a_warning_and_is_completed_by_the_next_deployment() {
    let (running, _turn) = turn().await;
    let release = craft(running, other_alarm(3_007)).await;
    let manifest = format!("PUT /{BUCKET}/packages-service/releases/local/{release}.json");
    // The first call records the start of the deployment, the second one its end.
    let deploy = ["deploy", "--release", &release, "--yes"];
    let ended = with_faults(running, &deploy, move |call| {
        let is_ending = call.operation == manifest && call.number_of_operation >= 2;
        if is_ending { Fate::Unavailable } else { Fate::Forward }
    });
    let ended = ended.await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("warning:") && ended.stderr.contains("a signed URL opens"),
        "{}",
        ended.stderr
    );
    let outputs: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(outputs["RestoreQueueUrl"].is_string());
    assert!(ending(running, &release).await.is_null());
    let ended = run(running, &["deploy", "--release", &release, "--yes"]).await;
    assert!(ended.code == Some(0) && ended.stderr.contains("no changes"), "{}", ended.stderr);
    assert_eq!(ending(running, &release).await["outcome"], "verified");
}

#[tokio::test]
async fn rollback_to_an_unverified_release_names_the_doubt_in_its_question() {
    let (running, _turn) = turn().await;
    let before = deployed(running).await;
    let release = craft(running, other_alarm(3_008)).await;
    let mut terminal = Terminal::start(running, &["rollback", "--to", &release]).await;
    terminal.wait_for(&format!("release {release} was never deployed")).await;
    terminal.wait_for("Deploy this release anyway? [y/N]").await;
    terminal.enter("n").await;
    let (code, screen) = terminal.end().await;
    assert_eq!(code, Some(1), "{screen}");
    assert_eq!(deployed(running).await, before);
}

/// Runs a command with fates of its calls to AWS.
pub(super) async fn with_faults(
    running: &'static Running,
    arguments: &[&str],
    script: impl FnMut(&faults::Call) -> Fate + Send + 'static,
) -> Ended {
    let faults = Faults::new();
    let proxy = aws_proxy(&running.stack, &faults).await;
    faults.begin(script);
    let mut command = command(running, arguments);
    command.env("AWS_ENDPOINT_URL", proxy.url()).env("AWS_MAX_ATTEMPTS", "2");
    Run::start_command(command).end().await
}
