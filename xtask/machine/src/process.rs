//! Processes that the local stack starts, monitors, and stops.
//!
//! Each one leads its own process group. Ctrl-C in the terminal therefore reaches only this process, which stops the
//! others in order, and child processes never outlive them. Each one is recorded in the state directory while it
//! runs, so a later run can end what a crash left behind: see [`clean_up`].

mod log;
mod record;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::directory::{DirectoryError, StateDirectory};
pub use log::tail;
pub use record::{RunningProcess, clean_up, record, running};

/// How long a process may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// The interval between readiness probes.
const READY_INTERVAL: Duration = Duration::from_millis(25);
/// The number of log lines in an error.
const TAIL_LINES: usize = 20;

/// The signal that asks a process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopSignal {
    /// SIGTERM, the usual signal.
    Terminate,
    /// SIGINT, which PostgreSQL calls fast shutdown.
    ///
    /// On SIGTERM, it waits for its clients to disconnect.
    Interrupt,
}

impl StopSignal {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Interrupt => Signal::INT,
        }
    }
}

/// A running process of the local stack.
///
/// Dropping it kills it. [`Service::stop`] stops it in order.
#[derive(Debug)]
pub struct Service {
    name: String,
    pid: Pid,
    stop_signal: StopSignal,
    log: PathBuf,
    record: PathBuf,
    status: watch::Receiver<Option<ExitStatus>>,
}

/// An error of a process of the local stack.
#[derive(Debug, thiserror::Error)]
#[error("{service} {failure}.\nIts log is {}{}", log.display(), log::indented(tail))]
pub struct ServiceError {
    /// The name of the process.
    pub service: String,
    /// What happened.
    pub failure: Failure,
    /// The file with all its output.
    pub log: PathBuf,
    /// The end of that file.
    pub tail: String,
}

/// What happened to a process.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The operating system could not start it.
    #[error("could not be started: {0}")]
    Start(#[source] std::io::Error),
    /// The record for a later cleanup could not be written, so the process was killed.
    #[error("could not be recorded: {0}")]
    Record(#[source] DirectoryError),
    /// It ended unexpectedly.
    #[error("ended unexpectedly ({0})")]
    Exited(ExitStatus),
    /// It was not ready, or not finished, in time.
    #[error("took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
}

impl Service {
    /// Starts a process without input and with its output in `logs/NAME.log`, which is truncated.
    ///
    /// The name is used in messages, the log, and the record, so it must be unique.
    pub async fn start(
        directory: &StateDirectory,
        name: &str,
        mut command: Command,
        stop_signal: StopSignal,
    ) -> Result<Self, ServiceError> {
        let log = directory.logs().join(format!("{name}.log"));
        let failed =
            |failure| ServiceError { service: name.into(), failure, log: log.clone(), tail: String::new() };
        let (output, errors) = log::create(&log).await.map_err(|error| failed(Failure::Start(error)))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| failed(Failure::Start(error)))?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| failed(Failure::Start(std::io::Error::other("it has no process id"))))?;

        let (ended, status) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await;
            // Ends the remaining processes of the group. The group ID cannot be reused yet, because its leader was
            // only just reaped.
            let _ = kill_process_group(pid, Signal::KILL);
            if let Ok(status) = status {
                ended.send_replace(Some(status));
            }
        });
        let record = record::path(directory, name);
        let service = Self { name: name.to_owned(), pid, stop_signal, log, record, status };
        match record::write(directory, name, pid, stop_signal).await {
            Ok(()) => Ok(service),
            Err(error) => Err(service.failed(Failure::Record(error)).await),
        }
    }

    /// Returns the process ID, which is also the ID of its group.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns the path of its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Returns the last lines of its output.
    pub async fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines).await
    }

    /// Waits until it ends, and returns that as an unexpected exit.
    pub async fn exited(&self) -> ServiceError {
        let status = self.wait().await;
        self.failed(Failure::Exited(status)).await
    }

    /// Waits until the probe succeeds. Returns an error if the process ends, or after the limit.
    pub async fn ready(
        &self,
        limit: Duration,
        mut probe: impl AsyncFnMut() -> bool,
    ) -> Result<(), ServiceError> {
        let answer = timeout(limit, async {
            let mut ticks = interval(READY_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if probe().await {
                    return;
                }
            }
        });
        tokio::select! {
            biased;
            error = self.exited() => Err(error),
            answer = answer => match answer {
                Ok(()) => Ok(()),
                Err(_) => Err(self.failed(Failure::TooSlow(limit)).await),
            },
        }
    }

    /// Waits for a process that ends by itself. An exit status other than 0 is an error.
    pub async fn finish(self, limit: Duration) -> Result<(), ServiceError> {
        let outcome = match timeout(limit, self.wait()).await {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failed(Failure::Exited(status)).await),
            Err(_) => Err(self.failed(Failure::TooSlow(limit)).await),
        };
        self.stop().await;
        outcome
    }

    /// Asks it to end, kills it after a grace period, and removes its record.
    pub async fn stop(self) {
        if self.status.borrow().is_none() {
            let _ = kill_process(self.pid, self.stop_signal.signal());
            if timeout(GRACE, self.wait()).await.is_err() {
                let _ = kill_process_group(self.pid, Signal::KILL);
                self.wait().await;
            }
        }
        let _ = fs::remove_file(&self.record).await;
    }

    async fn wait(&self) -> ExitStatus {
        let mut status = self.status.clone();
        match status.wait_for(Option::is_some).await.map(|status| *status) {
            Ok(Some(status)) => status,
            // The sender was dropped without a status, because the runtime is shutting down.
            _ => std::future::pending().await,
        }
    }

    async fn failed(&self, failure: Failure) -> ServiceError {
        let tail = self.log_tail(TAIL_LINES).await;
        ServiceError { service: self.name.clone(), failure, log: self.log.clone(), tail }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The record is kept. If this process also dies before the kernel has acted, the next run checks again.
        if self.status.borrow().is_none() {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn directory() -> (tempfile::TempDir, StateDirectory) {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        (root, directory)
    }

    async fn start(directory: &StateDirectory, script: &str) -> Service {
        Service::start(directory, "test", shell(script), StopSignal::Terminate).await.unwrap()
    }

    /// Starts a service with a child process, and returns both process IDs.
    async fn started(directory: &StateDirectory, prelude: &str) -> (Service, [Pid; 2]) {
        let service = start(directory, &format!("{prelude} sleep 600 & echo $!; wait")).await;
        service.ready(GRACE, async || !service.log_tail(1).await.is_empty()).await.unwrap();
        let child = service.log_tail(1).await.parse().ok().and_then(Pid::from_raw).unwrap();
        let pids = [service.pid, child];
        (service, pids)
    }

    /// Asserts that the processes have ended.
    ///
    /// A process that init has not reaped yet also counts as ended.
    async fn assert_gone(pids: [Pid; 2]) {
        for pid in pids {
            let gone = async { while record::started(pid).await.is_some() {} };
            timeout(GRACE, gone).await.unwrap();
        }
    }

    #[tokio::test]
    async fn stop_ends_the_process_group_and_removes_its_record() {
        let (_root, directory) = directory();
        let (service, pids) = started(&directory, "").await;
        let record = service.record.clone();
        assert!(record.exists());
        service.stop().await;
        assert_gone(pids).await;
        assert!(!record.exists());
    }

    #[tokio::test]
    async fn process_gets_the_requested_signal() {
        let (_root, directory) = directory();
        let script = "trap 'echo fast; exit 0' INT; trap 'echo slow; exit 0' TERM; echo up; while :; do sleep 0.01; done";
        // Interrupts are ignored below a background job of a script, and a shell cannot trap what it ignores at its start.
        let command = if cfg!(target_os = "linux") {
            let mut command = Command::new("env");
            command.args(["--default-signal=INT", "sh", "-c", script]);
            command
        } else {
            shell(script)
        };
        let service = Service::start(&directory, "test", command, StopSignal::Interrupt).await.unwrap();
        service.ready(GRACE, async || service.log_tail(1).await == "up").await.unwrap();
        let log = service.log.clone();
        service.stop().await;
        assert_eq!(tail(&log, 1).await, "fast");
    }

    #[tokio::test]
    async fn dropping_kills() {
        let (_root, directory) = directory();
        let (service, pids) = started(&directory, "trap '' TERM;").await;
        drop(service);
        assert_gone(pids).await;
    }

    #[tokio::test]
    async fn unexpected_exit_is_reported_with_the_end_of_the_log() {
        let (_root, directory) = directory();
        let service = start(&directory, "echo one; echo two >&2; exit 3").await;
        let error = service.ready(GRACE, async || false).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Exited(status) if status.code() == Some(3)));
        let message = error.to_string();
        assert!(message.starts_with("test ended unexpectedly (exit status: 3)"), "{message}");
        assert!(message.ends_with("logs/test.log, and ends with:\n  one\n  two"), "{message}");
    }

    #[tokio::test]
    async fn unresponsive_process_is_reported() {
        let (_root, directory) = directory();
        let (service, _) = started(&directory, "").await;
        let error = service.ready(Duration::from_millis(50), async || false).await.unwrap_err();
        assert!(matches!(error.failure, Failure::TooSlow(_)));
    }

    #[tokio::test]
    async fn finish_requires_success_within_the_limit() {
        let (_root, directory) = directory();
        start(&directory, "exit 0").await.finish(GRACE).await.unwrap();
        let error = start(&directory, "echo no; exit 1").await.finish(GRACE).await.unwrap_err();
        assert_eq!(error.tail, "no");
        let (slow, pids) = started(&directory, "").await;
        let error = slow.finish(Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error.failure, Failure::TooSlow(_)));
        assert_gone(pids).await;
    }

    #[tokio::test]
    async fn missing_program_is_named() {
        let (_root, directory) = directory();
        let command = Command::new("/no/such/program");
        let error = Service::start(&directory, "test", command, StopSignal::Terminate).await.unwrap_err();
        assert!(matches!(error.failure, Failure::Start(_)));
    }

    #[tokio::test]
    async fn clean_up_ends_what_a_dead_run_left() {
        let (_root, directory) = directory();
        let (service, pids) = started(&directory, "").await;
        let record = service.record.clone();
        std::mem::forget(service);
        assert_eq!(clean_up(&directory).await.unwrap(), ["test"]);
        assert_gone(pids).await;
        assert!(!record.exists());
        assert!(clean_up(&directory).await.unwrap().is_empty());
    }
}
