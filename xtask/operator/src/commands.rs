//! The commands, except `deploy` and `diff`, which can also work on the source.

use anyhow::Result;
use clap::Subcommand;
use command_line::Outcome;

use crate::{
    destroy, doctor, drift, explain, keys, lock, logs, metrics, outputs, queue, releases, rollback, smoke,
    status, traces,
};

/// A command for what is deployed.
#[derive(Subcommand)]
pub enum Command {
    /// List the releases of an environment.
    Releases(releases::Arguments),
    /// Deploy an earlier release again.
    Rollback(rollback::Arguments),
    /// Show the state of an environment.
    Status(status::Arguments),
    /// Print the outputs of a deployed stack as JSON.
    Outputs(outputs::Arguments),
    /// Show the resources that differ from the deployed template.
    Drift(drift::Arguments),
    /// Print the logs of the functions.
    Logs(logs::Arguments),
    /// Print metrics: totals, rates, percentiles, and how they changed.
    Metrics(metrics::Arguments),
    /// Explain what happened to a request or a restore, from the error ID that a client has.
    Explain(explain::Arguments),
    /// Print the traces of requests and restores.
    Traces(traces::Arguments),
    /// Manage the keys that sign CDN URLs.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Show or release the lock that allows one change of an environment at a time.
    #[command(subcommand)]
    Lock(lock::Command),
    /// Inspect and repair the restore queue and its dead letters.
    #[command(subcommand)]
    Queue(queue::Command),
    /// Read the assets of a package as curl, DuckDB, pyarrow, zarr-python and a browser do.
    Smoke(smoke::Arguments),
    /// Delete the stack of an environment; the assets bucket is kept.
    Destroy(destroy::Arguments),
    /// Check what an environment needs: account, artifact bucket, platform parameters, names, rights.
    Doctor(doctor::Arguments),
}

/// Runs a command.
pub async fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Destroy(arguments) => destroy::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        Command::Drift(arguments) => drift::run(arguments).await,
        Command::Explain(arguments) => explain::run(arguments).await,
        Command::Keys(command) => keys::run(command).await,
        Command::Lock(command) => lock::run(command).await,
        Command::Logs(arguments) => logs::run(arguments).await,
        Command::Metrics(arguments) => metrics::run(arguments).await,
        Command::Outputs(arguments) => outputs::run(arguments).await,
        Command::Queue(command) => Box::pin(queue::run(command)).await,
        Command::Releases(arguments) => releases::run(arguments).await,
        Command::Rollback(arguments) => rollback::run(arguments).await,
        Command::Smoke(arguments) => Box::pin(smoke::run(arguments)).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Traces(arguments) => traces::run(arguments).await,
    }
}
