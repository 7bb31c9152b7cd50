//! `cargo xtask keys`, as a person or a scheduled job runs it.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::LIMIT;
use crate::stack::{Running, xtask};

/// A run of a command about keys.
pub(super) struct Keys {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    said: String,
}

impl Keys {
    /// A command, before it is run.
    pub(super) fn command(running: &Running, arguments: &[&str]) -> Command {
        let mut command = Command::from(xtask());
        command
            .arg("keys")
            .args(arguments)
            .args(["--env", "local"])
            .env("PACKAGES_STACK", &running.file)
            .env("AWS_ENDPOINT_URL", &running.stack.aws_endpoint_url)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(super) fn run(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, said: String::new() }
    }

    pub(super) fn start(running: &Running, arguments: &[&str]) -> Self {
        Self::run(Self::command(running, arguments))
    }

    /// Start it with this on its standard input.
    pub(super) fn start_with(running: &Running, arguments: &[&str], input: &str) -> Self {
        let mut command = Self::command(running, arguments);
        command.stdin(Stdio::piped());
        let mut run = Self::run(command);
        let (mut stdin, input) = (run.child.stdin.take().unwrap(), input.to_owned());
        tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
        run
    }

    /// Read what it says until a line with this text.
    pub(super) async fn says(&mut self, text: &str) {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
                if line.contains(text) {
                    return true;
                }
            }
            false
        };
        let found = timeout(LIMIT, found).await.unwrap_or_default();
        assert!(found, "it does not say `{text}`, but:\n{}", self.said);
    }

    /// End it as nothing can prevent. Cargo has replaced itself with the command, so this is the command itself.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Its exit code and all that it said, once it has ended.
    pub(super) async fn end(mut self) -> (Option<i32>, String) {
        let ended = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.said.push_str(&line);
                self.said.push('\n');
            }
            self.child.wait().await.unwrap()
        };
        let Ok(status) = timeout(LIMIT, ended).await else {
            panic!("it does not end; it said:\n{}", self.said)
        };
        (status.code(), self.said)
    }
}

/// Exit code and JSON of `keys status`.
pub(super) async fn status(running: &Running) -> (Option<i32>, Value) {
    let output = Keys::command(running, &["status", "--json"]).stdout(Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let status = serde_json::from_slice(&output.stdout);
    (output.status.code(), status.unwrap_or_else(|error| panic!("{error}; it said:\n{said}")))
}
