//! Runs the restore function: the real binary with the Lambda Runtime API.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use lambda::control_plane::{DeployedFunction, FunctionName, FunctionRevision};
use lambda::pool::{FunctionPool, InvocationOutcome, PoolSettings};
use lambda::role::Roles;
use local_stack::emulator;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::json;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{Delivery, Place, TrialError};

const NAME: &str = "restore";
const TIMEOUT: Duration = Duration::from_mins(15);

pub(super) struct Function {
    pool: FunctionPool,
    name: FunctionName,
    log: PathBuf,
    process: Arc<AtomicU32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl Function {
    pub(super) async fn new(
        place: &Place,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, TrialError> {
        let arn = format!("arn:aws:lambda:{}:000000000000:function:{NAME}", emulator::REGION);
        let arn = arn.parse().map_err(|error| TrialError::Response(format!("{error}")))?;
        let deployed = DeployedFunction {
            arn,
            revision: FunctionRevision::new("1"),
            handler: "bootstrap".to_owned(),
            timeout: TIMEOUT,
            memory_megabytes: 1024,
            role: "arn:aws:iam::000000000000:role/trial".to_owned(),
            log_group: format!("/aws/lambda/{NAME}"),
            log_format: "JSON".to_owned(),
            has_active_tracing: false,
            environment,
            code: zip(&tokio::fs::read(&place.bootstrap).await?)?,
        };
        let name = deployed.arn.name.clone();
        let process = Arc::new(AtomicU32::new(0));
        let last = Arc::clone(&process);
        let log_directory = place.directory.join("logs");
        let log = log_directory.join(format!("{NAME}.log"));
        let credentials = place.credentials.clone();
        let settings = PoolSettings {
            code_directory: place.directory.join("code"),
            log_directory,
            log_sink: None,
            trace_sink: None,
            roles: Roles::new(move |_| credentials.clone()),
            environment: BTreeMap::new(),
            maximum_instances: 1,
            on_spawn: Arc::new(move |id| last.store(id, Ordering::Relaxed)),
        };
        Ok(Self { pool: FunctionPool::new(vec![deployed], settings).await?, name, log, process })
    }

    pub(super) async fn invoke(&self, messages: &[Delivery]) -> Result<Vec<String>, TrialError> {
        let record = |message: &Delivery| {
            json!({
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": { "ApproximateReceiveCount": message.receives.to_string() },
            })
        };
        let event = json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() });
        match self.pool.invoke(&self.name, event.to_string().into()).await? {
            InvocationOutcome::Response(response) => {
                let parsed: Result<Response, _> = serde_json::from_slice(&response);
                let parsed = parsed.map_err(|error| TrialError::Response(error.to_string()))?;
                let failures = parsed.batch_item_failures.into_iter();
                Ok(failures.map(|failure| failure.item_identifier).collect())
            }
            InvocationOutcome::FunctionError(error) => {
                Err(TrialError::Response(String::from_utf8_lossy(&error).into_owned()))
            }
        }
    }

    /// Kills the most recently started process and waits until it has ended.
    pub(super) async fn kill(&self) {
        let process = self.process.load(Ordering::Relaxed).cast_signed();
        if let Some(group) = Pid::from_raw(process) {
            // Fails if the process has just ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
        // The pool reaps the process and starts another one for the next invocation.
        while self.pool.statistics().values().any(|function| function.busy > 0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(super) async fn peak_memory(&self) -> io::Result<u64> {
        let process = self.process.load(Ordering::Relaxed);
        let status = tokio::fs::read_to_string(format!("/proc/{process}/status")).await?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("no VmHWM in /proc"))
    }

    pub(super) async fn log(&self) -> io::Result<String> {
        tokio::fs::read_to_string(&self.log).await
    }

    pub(super) async fn end(self) {
        self.pool.stop().await;
    }
}

/// Returns a zip archive for the pool.
///
/// It is not compressed, because its size does not matter.
fn zip(bootstrap: &[u8]) -> Result<Bytes, TrialError> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().compression_method(CompressionMethod::Stored))?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner().into())
}
