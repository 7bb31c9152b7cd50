//! Runs a command against the stack.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use anyhow::{Context, Result};
use machine::command::Group;
use rights::identity::Credentials;
use tokio::process::Command;

/// Runs a command, with access to AWS at a base URL, and returns its exit code.
pub(super) async fn run(
    words: &[OsString],
    stack_file: &Path,
    endpoint_url: &str,
    credentials: &Credentials,
) -> Result<u8> {
    let (program, arguments) = words.split_first().context("there is no command")?;
    let region = local_stack::emulator::REGION;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("PACKAGES_STACK", stack_file)
        .env("AWS_ENDPOINT_URL", endpoint_url)
        .env("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose())
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .kill_on_drop(true);
    let status = if std::io::stdin().is_terminal() {
        // The command runs in this process group. In another one, it could not read from the terminal, and Ctrl-C
        // would not reach it.
        let name = program.to_string_lossy();
        let mut child = command.spawn().with_context(|| format!("`{name}` could not be started"))?;
        child.wait().await.context("the command cannot be waited for")?
    } else {
        Group::start(&mut command)?.wait().await?
    };
    Ok(code_of(status))
}

/// Returns the exit code, which for a signal is the one that shells use.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
