//! `cargo xtask local` itself: it ends completely, however it ends.

use std::io::pipe;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use stack::OutputName;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::aws::Aws;
use crate::command::{LIMIT, StandardError};
use crate::stack::{cargo_xtask, stack, stack_file, state_directory};

/// A run of `cargo xtask local`.
struct Run {
    child: Child,
    stderr: StandardError,
    /// Its other end is open in every process of the run, so reading it ends when the last process has ended.
    processes: Receiver,
}

impl Run {
    async fn start(directory: &Path, command: &[&str]) -> Self {
        // The shared stack has built everything, so these runs only start it.
        stack().await;
        let (processes, writer) = pipe().unwrap();
        let processes = Receiver::from_owned_fd(processes.into()).unwrap();
        let cargo = cargo_xtask();
        let mut shell = Command::new("sh");
        // Programs get another standard output and standard error, but inherit other file descriptors, such as the ninth.
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
        let stderr = StandardError::capture(&mut child);
        Self { child, stderr, processes }
    }

    /// Reads its standard error until a line that contains a text.
    async fn wait_for(&mut self, text: &str) {
        self.stderr.wait_for(text).await;
    }

    fn send(&self, signal: Signal) {
        // Shell and Cargo replace themselves with the command, so this is its process.
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end and returns its exit code; none after a signal.
    async fn exit_code(&mut self) -> Option<i32> {
        // It would block if nothing read its standard error.
        let ended = async { tokio::join!(self.child.wait(), self.stderr.read_to_end()) };
        let Ok((status, ())) = timeout(LIMIT, ended).await else {
            panic!("it does not end; it said:\n{}", self.stderr.text)
        };
        status.unwrap().code()
    }

    /// Waits until no process of it is left.
    async fn leaves_nothing(mut self) {
        let ended = timeout(LIMIT, self.processes.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a process of it is left; it said:\n{}", self.stderr.text);
    }
}

async fn interrupted_at(name: &str, line: &str) {
    let directory = state_directory(name);
    let mut run = Run::start(&directory, &[]).await;
    run.wait_for(line).await;
    run.send(Signal::INT);
    assert_eq!(run.exit_code().await, Some(130), "{}", run.stderr.text);
    assert!(run.stderr.text.contains("shutting down"), "{}", run.stderr.text);
    run.leaves_nothing().await;
    assert!(!directory.join("stack.json").exists());
}

#[tokio::test]
async fn interrupt_during_the_first_starts_leaves_no_process() {
    // Database and emulator start at the same time, and one of them is still starting.
    interrupted_at("interrupted-first", "✓").await;
}

#[tokio::test]
async fn interrupt_before_the_deployment_leaves_no_process() {
    interrupted_at("interrupted-early", "✓ platform").await;
}

#[tokio::test]
async fn interrupt_during_the_deployment_leaves_no_process() {
    interrupted_at("interrupted-late", "✓ artifacts").await;
}

#[tokio::test]
async fn printed_example_works_and_start_after_a_crash_cleans_up() {
    let directory = state_directory("crashed");
    let mut crashed = Run::start(&directory, &[]).await;
    crashed.wait_for("Ctrl-C ends it.").await;
    let example = crashed.stderr.text.find("curl").map(|start| &crashed.stderr.text[start..]);
    let example = example.and_then(|rest| rest.split_once("\n\n")).map(|(example, _)| example);
    let example = example.unwrap_or_else(|| panic!("no example in:\n{}", crashed.stderr.text));
    let response = Command::new("sh").args(["-c", example]).output().await.unwrap();
    let response = String::from_utf8(response.stdout).unwrap();
    assert!(
        response.starts_with(r#"{"success":["N:collection:"#) && response.ends_with(r#""failures":[]}"#),
        "{response}"
    );

    // It is killed during a restore, while functions run.
    crashed.send(Signal::KILL);
    assert_eq!(crashed.exit_code().await, None);
    let command = r#"test -f "$PACKAGES_STACK" && test -n "$AWS_ENDPOINT_URL" && exit 7"#;
    let mut next = Run::start(&directory, &["sh", "-c", command]).await;
    assert_eq!(next.exit_code().await, Some(7), "{}", next.stderr.text);
    let cleaned_up = next
        .stderr
        .text
        .lines()
        .find(|line| line.contains("ended processes that an earlier run left behind"));
    let cleaned_up = cleaned_up.unwrap_or_else(|| panic!("{}", next.stderr.text));
    assert!(cleaned_up.contains("emulator") && cleaned_up.contains("postgres"), "{cleaned_up}");
    next.leaves_nothing().await;
    crashed.leaves_nothing().await;
}

#[tokio::test]
async fn resource_that_cannot_be_served_is_a_warning() {
    let api = Aws::new().await.output(OutputName::ApiFunctionName).await;
    // The command deletes the function that the API needs.
    let delete = format!(
        r#"curl -sS --fail -X DELETE --aws-sigv4 aws:amz:us-east-1:lambda \
           --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
           "$AWS_ENDPOINT_URL/2015-03-31/functions/{api}" && exec cat"#
    );
    let mut run = Run::start(&state_directory("warned"), &["sh", "-c", &delete]).await;
    run.wait_for("warning: what is deployed cannot be served yet: ").await;
    assert!(run.stderr.text.lines().next_back().unwrap().contains(&api), "{}", run.stderr.text);
    // Waiting for its end closes its input, which ends the command that it runs.
    assert_eq!(run.exit_code().await, Some(0), "{}", run.stderr.text);
    run.leaves_nothing().await;
}

#[tokio::test]
async fn second_start_in_a_directory_is_rejected_with_the_first_process() {
    let directory = stack_file().await.parent().unwrap();
    let mut second = Run::start(directory, &[]).await;
    assert_eq!(second.exit_code().await, Some(1));
    let pid = std::fs::read_to_string(directory.join("lock")).unwrap();
    assert!(second.stderr.text.contains("another local stack runs in"), "{}", second.stderr.text);
    assert!(second.stderr.text.contains(&format!("(process {pid})")), "{}", second.stderr.text);
    assert!(stack_file().await.exists());
    second.leaves_nothing().await;
}

#[tokio::test]
async fn kept_data_is_not_deleted_without_a_confirmation() {
    let directory = state_directory("kept");
    for file in ["kept", "database"] {
        std::fs::write(directory.join(file), "").unwrap();
    }
    let mut run = Run::start(&directory, &[]).await;
    assert_eq!(run.exit_code().await, Some(1), "{}", run.stderr.text);
    let text = &run.stderr.text;
    assert!(text.contains("pass --keep to continue with it, or --fresh to delete it"), "{text}");
    assert!(directory.join("database").exists());
    run.leaves_nothing().await;
}
