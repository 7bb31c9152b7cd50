//! DuckDB, pyarrow and zarr-python, installed on first use into the directory of tools.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use machine::directory::StateDirectory;
use machine::python::PythonEnvironment;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::check::{Check, Client, advice};
use crate::signature::{Signed, without_queries};
use crate::subject::Subject;

const SCRIPT: &str = include_str!("clients.py");
const TIMEOUT: Duration = Duration::from_mins(2);
/// DuckDB, pyarrow and zarr-python, in the versions whose use is documented and tested.
pub const ENVIRONMENT: PythonEnvironment = PythonEnvironment {
    purpose: "DuckDB, pyarrow and zarr-python",
    package: "duckdb",
    requirements: include_str!("requirements.txt"),
};

/// Reads with one of the libraries.
pub(crate) async fn check(
    client: Client,
    subject: &Subject,
    signed: &Signed,
    tools: &Path,
    missing_is_404: bool,
) -> Check {
    let (name, rule) = match client {
        Client::DuckDb => ("duckdb", "reads a column of the Parquet file by ranges"),
        Client::PyArrow => ("pyarrow", "reads a column of a row group by ranges"),
        _ => ("zarr", "reads a chunk of the Zarr array"),
    };
    if client == Client::Zarr && subject.zarr.is_none() {
        return Check::skipped(client, rule, "no Zarr asset was named; pass --zarr");
    }
    let python = match install(tools).await {
        Ok(python) => python,
        Err(error) => return Check::skipped(client, rule, error),
    };
    let base = signed.package.base_url.as_str().trim_end_matches('/');
    let parameters = signed.package.parameters();
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let job = json!({
        "file": signed.file_url.as_str(),
        "parquet": signed.package.url(&subject.parquet).as_str(),
        "zarr": subject.zarr.as_deref().map(|path| format!("{base}/{}", path.trim_matches('/'))),
        "query": query.join("&"),
    });
    match run(&python, name, &job.to_string()).await {
        Ok(found) => Check::passed(client, rule, found),
        Err(error) => {
            // zarr-python looks for the metadata of each version of Zarr, and expects 404 for those that are missing.
            let is_zarr = client == Client::Zarr;
            let advice =
                if is_zarr && !missing_is_404 { advice::MISSING_IS_FORBIDDEN } else { advice::LIBRARY };
            Check::failed(client, rule, error, advice)
        }
    }
}

async fn install(tools: &Path) -> Result<PathBuf, String> {
    // It has the log of the installation.
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let state = StateDirectory::open(directory.path()).map_err(|error| error.to_string())?;
    let installation = ENVIRONMENT.install(&state, tools).await.map_err(|error| error.to_string())?;
    Ok(installation.python())
}

async fn run(python: &Path, client: &str, job: &str) -> Result<String, String> {
    let mut command = Command::new(python);
    command.args(["-I", "-c", SCRIPT, client]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let run = async {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(job.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(TIMEOUT, run).await;
    let output = output.map_err(|_| format!("no result within {TIMEOUT:?}"))?.map_err(|it| it.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    // The last line of a traceback is the error.
    Err(without_queries(errors.trim().lines().next_back().unwrap_or("it failed without a message")))
}
