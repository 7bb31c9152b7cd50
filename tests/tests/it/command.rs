//! A command of `cargo xtask`, as a person or a scheduled job runs it against a stack that runs.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::stack::{Running, xtask_commands};

/// What takes longer, beside everything else that runs here, is stuck.
const LIMIT: Duration = Duration::from_mins(3);

/// A run of a command.
pub(crate) struct Run {
    child: Child,
    said: Said,
}

/// What a process says on standard error, line by line.
pub(crate) struct Said {
    lines: Lines<BufReader<ChildStderr>>,
    /// All that was read so far.
    pub(crate) text: String,
}

impl Said {
    /// Listen to a process whose standard error is piped.
    pub(crate) fn of(child: &mut Child) -> Self {
        Self { lines: BufReader::new(child.stderr.take().unwrap()).lines(), text: String::new() }
    }

    /// Read until a line with this text.
    pub(crate) async fn says(&mut self, text: &str) {
        let found = async {
            while self.line().await {
                if self.text.lines().next_back().is_some_and(|line| line.contains(text)) {
                    return true;
                }
            }
            false
        };
        let found = timeout(LIMIT, found).await.unwrap_or_default();
        assert!(found, "it does not say `{text}`, but:\n{}", self.text);
    }

    /// Read to the end.
    pub(crate) async fn rest(&mut self) {
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
    /// What it said on standard error.
    pub(crate) said: String,
    /// What it printed on standard output.
    pub(crate) printed: String,
}

/// A command, before it is run.
pub(crate) fn command(running: &Running, arguments: &[&str]) -> Command {
    let mut command = Command::from(xtask_commands());
    command
        .args(arguments)
        .args(["--env", "local"])
        .env("PACKAGES_STACK", &running.file)
        .env("AWS_ENDPOINT_URL", &running.stack.aws_endpoint_url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Run {
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Said::of(&mut child);
        Self { child, said }
    }

    pub(crate) fn start(running: &Running, arguments: &[&str]) -> Self {
        Self::of(command(running, arguments))
    }

    /// Its standard input, where it was piped.
    pub(crate) fn input(&mut self) -> tokio::process::ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Read what it says until a line with this text.
    pub(crate) async fn says(&mut self, text: &str) {
        self.said.says(text).await;
    }

    /// Send a signal. Cargo has replaced itself with the command, so it is the command itself that gets it.
    pub(crate) fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// End it as nothing can prevent.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Wait for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut output = self.child.stdout.take();
        let printed = async {
            let mut printed = String::new();
            if let Some(output) = &mut output {
                output.read_to_string(&mut printed).await.unwrap();
            }
            printed
        };
        let said = async {
            self.said.rest().await;
            self.child.wait().await.unwrap()
        };
        let Ok((printed, status)) = timeout(LIMIT, async { tokio::join!(printed, said) }).await else {
            panic!("it does not end; it said:\n{}", self.said.text)
        };
        Ended { code: status.code(), said: self.said.text, printed }
    }
}
