//! An instance of a function: a process and its Runtime API.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use openapi::telemetry::TraceHeader;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::InvocationOutcome;
use super::failure::Failure;
use super::log_delivery::{LogSink, LogStream};
use super::output;
use super::process_group::ProcessGroup;
use super::runtime_api::{self, Channels, Invocation, Report};
use crate::role::RoleSession;

/// The settings for starting an instance.
pub(super) struct Launch {
    pub(super) bootstrap: PathBuf,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) role: RoleSession,
    pub(super) log_group: String,
    pub(super) log_sink: Option<LogSink>,
    pub(super) log_file: PathBuf,
    pub(super) on_spawn: Arc<dyn Fn(u32) + Send + Sync>,
}

/// The result of running an event on an instance.
pub(super) enum Run {
    /// The function returned a response or an error; the instance can be reused.
    Done(InvocationOutcome),
    /// The function failed; the instance must be ended.
    Failed(InvocationOutcome),
    /// The process ended before it took the event; another instance can handle it.
    NotTaken(Failure),
}

/// A running instance. Dropping it kills its process group.
pub(super) struct Instance {
    child: Child,
    group: ProcessGroup,
    channels: Channels,
    server: JoinHandle<()>,
}

impl Instance {
    /// Starts a process, which then asks its Runtime API for an invocation.
    pub(super) async fn start(launch: &Launch) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let log = Arc::new(LogStream::new(&launch.log_group, &launch.role));
        let (stdout, stderr) =
            output::open(&launch.log_file, launch.log_sink.as_ref(), Arc::clone(&log)).await?;
        let mut command = Command::new(&launch.bootstrap);
        command
            .env_clear()
            .envs(&launch.environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_LOG_STREAM_NAME", &log.name)
            .current_dir(launch.bootstrap.parent().unwrap_or(Path::new("/")))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true);
        let child = spawn(&mut command).await?;
        if let Some(id) = child.id() {
            (launch.on_spawn)(id);
        }
        let group = ProcessGroup::of(&child);
        let (channels, server) = runtime_api::serve(listener, group.clone());
        Ok(Self { child, group, channels, server })
    }

    /// Waits until the process asks for an invocation, up to Lambda's limit.
    pub(super) async fn initialize(
        &mut self,
        request_id: Uuid,
        limit: Duration,
    ) -> Option<InvocationOutcome> {
        tokio::select! {
            biased;
            report = self.channels.reports.recv() => match report {
                Some(Report::InitializationFailed(error)) => Some(InvocationOutcome::FunctionError(error)),
                Some(_) | None => None,
            },
            status = self.child.wait() => Some(ended(&self.group, status).outcome(request_id)),
            () = tokio::time::sleep(limit) => Some(Failure::TimedOut(limit).outcome(request_id)),
        }
    }

    /// Sends an event to the process and waits for the outcome.
    pub(super) async fn run(
        &mut self,
        request_id: Uuid,
        function_arn: String,
        event: Bytes,
        trace: (TraceHeader, oneshot::Sender<()>),
        limit: Duration,
    ) -> Run {
        let deadline = Instant::now() + limit;
        let (trace, until_next) = trace;
        let deadline_on_the_clock = SystemTime::now() + limit;
        let invocation = Invocation {
            request_id,
            function_arn,
            deadline: deadline_on_the_clock,
            event,
            trace,
            until_next,
        };
        // Fails only if the instance's API has ended, which the loop below detects as an exit or a timeout.
        let _unheard = self.channels.invocations.send(invocation).await;
        let mut taken = false;
        loop {
            tokio::select! {
                // A response takes precedence over an exit right after it.
                biased;
                Some(report) = self.channels.reports.recv() => match report {
                    Report::Ready => {}
                    Report::Taken => taken = true,
                    Report::Done(outcome) => return Run::Done(outcome),
                    Report::InitializationFailed(error) => {
                        return Run::Failed(InvocationOutcome::FunctionError(error));
                    }
                },
                status = self.child.wait() => {
                    let failure = ended(&self.group, status);
                    return if taken { Run::Failed(failure.outcome(request_id)) } else { Run::NotTaken(failure) };
                }
                () = tokio::time::sleep_until(deadline) => {
                    return Run::Failed(Failure::TimedOut(limit).outcome(request_id));
                }
            }
        }
    }

    /// Returns whether the process is still running.
    pub(super) fn is_alive(&mut self) -> bool {
        let is_alive = matches!(self.child.try_wait(), Ok(None));
        if !is_alive {
            self.group.forget();
        }
        is_alive
    }

    /// Ends the process and all processes that it started, and waits for its exit.
    pub(super) async fn end(mut self) {
        self.kill();
        // The exit status does not matter here.
        let _status = self.child.wait().await;
        self.group.forget();
    }

    fn kill(&self) {
        self.server.abort();
        self.group.kill();
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

fn ended(group: &ProcessGroup, status: io::Result<ExitStatus>) -> Failure {
    group.forget();
    Failure::Exited(status.unwrap_or_default())
}

/// Starts a process, and retries if its executable is busy.
///
/// Between fork and exec, a child process that another thread starts holds copies of this process's open files. One
/// of them may be the file descriptor that wrote the bootstrap: <https://github.com/golang/go/issues/22315>.
async fn spawn(command: &mut Command) -> io::Result<Child> {
    const ATTEMPTS: u32 = 10;
    for attempt in 1..ATTEMPTS {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(5) * attempt).await;
            }
            result => return result,
        }
    }
    command.spawn()
}
