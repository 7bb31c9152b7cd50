//! Measures cold starts.
//!
//! A cold start lasts from the start of the process to its first poll of the Runtime API.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;

/// The time limit, because Lambda limits the initialization of a function to ten seconds.
const LIMIT: Duration = Duration::from_secs(10);

/// The measurements of one cold start.
pub(super) struct ColdStart {
    /// The time from the start of the process to its first poll.
    pub(super) time: Duration,
    /// Its resident memory at that time, in bytes.
    pub(super) resident: u64,
}

/// Starts a bootstrap with these environment variables, and ends it when it polls.
pub(super) async fn cold_start(bootstrap: &Path, variables: &BTreeMap<String, String>) -> Result<ColdStart> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
    let mut command = Command::new(bootstrap);
    command
        .env_clear()
        .envs(variables)
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    let start = Instant::now();
    let mut process = command.spawn().with_context(|| format!("cannot start {}", bootstrap.display()))?;
    let polled = timeout(LIMIT, first_poll(&listener)).await.context("the function does not poll")?;
    let time = start.elapsed();
    // While its poll is open, the function waits for an event.
    let _poll = polled.context("the function's poll cannot be read")?;
    let id = process.id().context("the function has ended")?;
    let resident = resident_bytes(id).await?;
    process.kill().await.context("the function cannot be ended")?;
    Ok(ColdStart { time, resident })
}

async fn first_poll(listener: &TcpListener) -> std::io::Result<TcpStream> {
    let (mut connection, _) = listener.accept().await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if connection.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(connection)
}

async fn resident_bytes(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = tokio::fs::read_to_string(&path).await.with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    match line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()) {
        Some(kibibytes) => Ok(kibibytes * 1024),
        None => bail!("{path} does not tell what is resident"),
    }
}
