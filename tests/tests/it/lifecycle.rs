//! `cargo xtask local` itself: that it ends whole, however it ends.

use std::io::pipe;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use stack::OutputName;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::aws::Aws;
use crate::command::Said;
use crate::stack::{cargo_xtask, stack, stack_file, state_directory};

/// What takes longer, beside everything else that runs here, is stuck.
const LIMIT: Duration = Duration::from_mins(1);

/// A run of `cargo xtask local`.
struct Run {
    child: Child,
    said: Said,
    /// Its other end is open in every process of the run, so this ends when the last of them has.
    processes: Receiver,
}

impl Run {
    async fn start(directory: &Path, command: &[&str]) -> Self {
        // What builds everything, so that the runs of these tests only start it.
        stack().await;
        let (processes, writer) = pipe().unwrap();
        let processes = Receiver::from_owned_fd(processes.into()).unwrap();
        let cargo = cargo_xtask();
        let mut shell = Command::new("sh");
        // Programs get their own output and errors, but keep what else they inherit: that is the ninth.
        shell
            .args(["-c", r#"exec 9>&1 >&2; exec "$@""#, "sh"])
            .arg(cargo.get_program())
            .args(cargo.get_args());
        shell.args(["local", "--state"]).arg(directory);
        if !command.is_empty() {
            shell.arg("--").args(command);
        }
        let child = shell
            .current_dir(cargo.get_current_dir().unwrap())
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(Stdio::piped())
            .env("CARGO_TERM_QUIET", "true")
            .kill_on_drop(true)
            .spawn();
        let mut child = child.unwrap();
        let said = Said::of(&mut child);
        Self { child, said, processes }
    }

    /// Read what it says until a line with this text.
    async fn says(&mut self, text: &str) {
        self.said.says(text).await;
    }

    fn send(&self, signal: Signal) {
        // Shell and Cargo replace themselves with what they run, so this is the command line itself.
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Its exit code, none after a signal, once it has ended.
    async fn exit_code(&mut self) -> Option<i32> {
        // It would wait for a reader of what it says.
        let ended = async { tokio::join!(self.child.wait(), self.said.rest()) };
        let Ok((status, ())) = timeout(LIMIT, ended).await else { panic!("it does not end") };
        status.unwrap().code()
    }

    /// Wait until no process of it is left.
    async fn leaves_nothing(mut self) {
        let ended = timeout(LIMIT, self.processes.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a process of it is left; it said:\n{}", self.said.text);
    }
}

async fn interrupted_at(name: &str, line: &str) {
    let directory = state_directory(name);
    let mut run = Run::start(&directory, &[]).await;
    run.says(line).await;
    run.send(Signal::INT);
    assert_eq!(run.exit_code().await, Some(0), "{}", run.said.text);
    assert!(run.said.text.contains("shutting down"), "{}", run.said.text);
    run.leaves_nothing().await;
    assert!(!directory.join("stack.json").exists());
}

#[tokio::test]
async fn an_interrupt_while_the_first_processes_start_leaves_nothing() {
    // Whichever of database and emulator is first, the other is still starting.
    interrupted_at("interrupted-first", "✓").await;
}

#[tokio::test]
async fn an_interrupt_before_the_deployment_leaves_nothing() {
    interrupted_at("interrupted-early", "✓ platform").await;
}

#[tokio::test]
async fn an_interrupt_during_the_deployment_leaves_nothing() {
    interrupted_at("interrupted-late", "✓ artifacts").await;
}

#[tokio::test]
async fn the_printed_example_works_and_a_start_after_a_crash_cleans_up() {
    let directory = state_directory("crashed");
    let mut crashed = Run::start(&directory, &[]).await;
    crashed.says("Ctrl-C ends it.").await;
    let example = crashed.said.text.find("curl").map(|start| &crashed.said.text[start..]);
    let example = example.and_then(|rest| rest.split_once("\n\n")).map(|(example, _)| example);
    let example = example.unwrap_or_else(|| panic!("no example in:\n{}", crashed.said.text));
    let answer = Command::new("sh").args(["-c", example]).output().await.unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    assert!(
        answer.starts_with(r#"{"success":["N:collection:"#) && answer.ends_with(r#""failures":[]}"#),
        "{answer}"
    );

    // In the midst of restoring, with functions that run.
    crashed.send(Signal::KILL);
    assert_eq!(crashed.exit_code().await, None);
    let command = r#"test -f "$PACKAGES_STACK" && test -n "$AWS_ENDPOINT_URL" && exit 7"#;
    let mut next = Run::start(&directory, &["sh", "-c", command]).await;
    assert_eq!(next.exit_code().await, Some(7), "{}", next.said.text);
    let cleaned_up =
        next.said.text.lines().find(|line| line.contains("ended what an earlier run had left behind"));
    let cleaned_up = cleaned_up.unwrap_or_else(|| panic!("{}", next.said.text));
    assert!(cleaned_up.contains("emulator") && cleaned_up.contains("postgres"), "{cleaned_up}");
    next.leaves_nothing().await;
    crashed.leaves_nothing().await;
}

#[tokio::test]
async fn what_the_stack_cannot_serve_is_said_to_whoever_runs_it() {
    let api = Aws::new().await.output(OutputName::ApiFunctionName).await;
    // The emulator finds the service in the credential. Somebody deletes the function that the API needs.
    let credential = "Credential=test/20260101/us-east-1/lambda/aws4_request";
    let delete = format!(
        r#"curl -sS --fail -X DELETE -H 'Authorization: AWS4-HMAC-SHA256 {credential}' \
           "$AWS_ENDPOINT_URL/2015-03-31/functions/{api}" && exec cat"#
    );
    let mut run = Run::start(&state_directory("warned"), &["sh", "-c", &delete]).await;
    run.says("warning: what is deployed cannot be served yet: ").await;
    assert!(run.said.text.lines().next_back().unwrap().contains(&api), "{}", run.said.text);
    // Waiting for its end ends its input, and so the command that it runs.
    assert_eq!(run.exit_code().await, Some(0), "{}", run.said.text);
    run.leaves_nothing().await;
}

#[tokio::test]
async fn a_second_start_in_the_same_directory_names_the_first() {
    let directory = stack_file().await.parent().unwrap();
    let mut second = Run::start(directory, &[]).await;
    assert_eq!(second.exit_code().await, Some(1));
    let pid = std::fs::read_to_string(directory.join("lock")).unwrap();
    assert!(second.said.text.contains("another local stack runs in"), "{}", second.said.text);
    assert!(second.said.text.contains(&format!("(process {pid})")), "{}", second.said.text);
    assert!(stack_file().await.exists());
    second.leaves_nothing().await;
}
