//! A command of `cargo xtask`, run against a local stack.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::stack::{Running, xtask_commands};

/// A command that takes longer, even beside all other tests, is stuck.
pub(crate) const LIMIT: Duration = Duration::from_mins(3);

/// A run of a command.
pub(crate) struct Run {
    child: Child,
    stderr: StandardError,
}

/// The standard error of a process, read line by line.
pub(crate) struct StandardError {
    lines: Lines<BufReader<ChildStderr>>,
    /// Everything that was read so far.
    pub(crate) text: String,
}

impl StandardError {
    /// Returns the standard error of a process, which must be piped.
    pub(crate) fn capture(child: &mut Child) -> Self {
        Self { lines: BufReader::new(child.stderr.take().unwrap()).lines(), text: String::new() }
    }

    /// Reads until a line that contains a text.
    pub(crate) async fn wait_for(&mut self, text: &str) {
        let found = async {
            while self.line().await {
                if self.text.lines().next_back().is_some_and(|line| line.contains(text)) {
                    return true;
                }
            }
            false
        };
        let found = timeout(LIMIT, found).await.unwrap_or_default();
        assert!(found, "there is no line with `{text}` in:\n{}", self.text);
    }

    /// Reads to the end.
    pub(crate) async fn read_to_end(&mut self) {
        while self.line().await {}
    }

    async fn line(&mut self) -> bool {
        let Some(line) = self.lines.next_line().await.unwrap() else { return false };
        self.text.push_str(&line);
        self.text.push('\n');
        true
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Its standard error.
    pub(crate) stderr: String,
    /// Its standard output.
    pub(crate) stdout: String,
}

impl Ended {
    /// Returns the standard error of a command that must have succeeded.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stderr
    }

    /// Returns the standard error of a command that must have failed.
    pub(crate) fn failure(self) -> String {
        assert_eq!(self.code, Some(1), "{}", self.stderr);
        self.stderr
    }
}

/// Returns a command that has not started.
pub(crate) fn command(running: &Running, arguments: &[&str]) -> Command {
    let mut command = Command::from(xtask_commands());
    command
        .args(arguments)
        .args(["--env", "local"])
        .env("PACKAGES_STACK", &running.file)
        .env("AWS_ENDPOINT_URL", &running.stack.aws_endpoint_url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Run {
    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = StandardError::capture(&mut child);
        Self { child, stderr }
    }

    pub(crate) fn start(running: &Running, arguments: &[&str]) -> Self {
        Self::start_command(command(running, arguments))
    }

    /// Returns its standard input, which must be piped.
    pub(crate) fn input(&mut self) -> tokio::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Reads its standard error until a line that contains a text.
    pub(crate) async fn wait_for(&mut self, text: &str) {
        self.stderr.wait_for(text).await;
    }

    /// Sends a signal. Cargo replaces itself with the command, which therefore receives it.
    pub(crate) fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Kills it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut output = self.child.stdout.take();
        let stdout = async {
            let mut printed = String::new();
            if let Some(output) = &mut output {
                output.read_to_string(&mut printed).await.unwrap();
            }
            printed
        };
        let status = async {
            self.stderr.read_to_end().await;
            self.child.wait().await.unwrap()
        };
        let Ok((stdout, status)) = timeout(LIMIT, async { tokio::join!(stdout, status) }).await else {
            panic!("it does not end; on standard error:\n{}", self.stderr.text)
        };
        Ended { code: status.code(), stderr: self.stderr.text, stdout }
    }
}
