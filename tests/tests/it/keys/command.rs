//! `cargo xtask keys`.

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::command::{Run, command};
use crate::stack::Running;

/// A command about keys.
pub(super) struct Keys;

impl Keys {
    /// Returns a command that has not started.
    pub(super) fn command(running: &Running, arguments: &[&str]) -> Command {
        command(running, &[&["keys"], arguments].concat())
    }

    pub(super) fn start(running: &Running, arguments: &[&str]) -> Run {
        Run::start_command(Self::command(running, arguments))
    }

    /// Starts a command with a text on its standard input.
    pub(super) fn start_with(running: &Running, arguments: &[&str], input: &str) -> Run {
        let mut command = Self::command(running, arguments);
        command.stdin(std::process::Stdio::piped());
        let mut run = Run::start_command(command);
        let (mut stdin, input) = (run.input(), input.to_owned());
        tokio::spawn(async move { stdin.write_all(input.as_bytes()).await });
        run
    }
}

/// Returns exit code and JSON of `keys status`.
pub(super) async fn status(running: &Running) -> (Option<i32>, Value) {
    let ended = Keys::start(running, &["status", "--json"]).end().await;
    let status = serde_json::from_str(&ended.stdout);
    (ended.code, status.unwrap_or_else(|error| panic!("{error}; on standard error:\n{}", ended.stderr)))
}
