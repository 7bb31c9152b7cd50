//! Runs other programs, and handles interruptions.

use std::ffi::OsStr;
use std::future::Future;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a future to completion.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime does not start")?;
    let outcome = runtime.block_on(future);
    // A thread that waits for input, such as a confirmation, must not delay the exit.
    runtime.shutdown_background();
    outcome
}

/// Waits for Ctrl-C or another signal that asks this process to end.
pub async fn interrupted() -> Result<()> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// A program in its own process group, which is ended when this value is dropped.
pub struct Group {
    child: Child,
    leader: Option<Pid>,
    /// The signal that ends it.
    end: Signal,
}

impl Group {
    /// Starts a program with the input and output of the command.
    pub fn start(command: &mut Command) -> Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn();
        let child = child.with_context(|| format!("`{program}` could not be started"))?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self { child, leader, end: Signal::KILL })
    }

    /// Lets the program end the groups that it has started itself, where it would be killed otherwise.
    #[must_use]
    pub fn ended_by_request(mut self) -> Self {
        self.end = Signal::TERM;
        self
    }

    /// Waits until the program ends.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await.context("cannot wait for a program")?;
        self.leader = None;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // The program may have ended just now.
            let _ = kill_process_group(leader, self.end);
        }
    }
}

/// Runs a program with visible messages and returns its standard output.
///
/// Returns an error if the program does not succeed.
pub async fn output(command: &mut Command) -> Result<Vec<u8>> {
    let shown = shown(command.as_std());
    let mut group = Group::start(command.stdout(Stdio::piped()))?;
    let mut printed = Vec::new();
    if let Some(mut stdout) = group.child.stdout.take() {
        stdout
            .read_to_end(&mut printed)
            .await
            .with_context(|| format!("cannot read what `{shown}` prints"))?;
    }
    let status = group.wait().await?;
    if !status.success() {
        bail!("`{shown}` failed ({status}); its output is above");
    }
    Ok(printed)
}

/// Runs a program with visible output, without the asynchronous runtime.
///
/// The program runs in the process group of this process, so Ctrl-C reaches it too. Returns an error if it does not
/// succeed.
pub fn run_blocking(command: &mut std::process::Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status}); its output is above");
    }
    Ok(())
}

/// Returns a command for the Cargo that runs this program.
pub fn cargo() -> std::process::Command {
    at_root(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns a command for a program that works on the repository: Cargo, or a program that runs it.
pub fn at_root(program: impl AsRef<OsStr>) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.current_dir(crate::repository::root());
    // Cargo set these variables for this program, and not for the crates that are built next.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

fn shown(command: &std::process::Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> =
        std::iter::once(program).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
