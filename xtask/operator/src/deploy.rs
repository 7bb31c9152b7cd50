//! `deploy --release`: reviews, applies, and verifies a release.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use clap::Args;
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::connection::Connection;
use deploy::deployment::{Deployment, Options, Subject};
use deploy::release::ReleaseId;
use deploy::review::Review;
use deploy::{Consent, command_for, time_span};
use machine::command;
use stack::Environment;

use crate::connect::connect;
use crate::review_text::{Detail, to_text};

/// Options of `deploy` for a release.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy what was published as this release.
    #[arg(long, value_name = "ID")]
    release: ReleaseId,
    #[command(flatten)]
    options: DeployOptions,
}

/// Options of everything that deploys.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct DeployOptions {
    /// Do not ask before the changes are made.
    #[arg(long)]
    yes: bool,
    /// Allow changes that widen permissions or access.
    #[arg(long)]
    allow_iam_widening: bool,
    /// Allow changes that replace or remove a resource that holds data.
    #[arg(long)]
    allow_data_loss: bool,
    /// Do not wait until every resource has stabilized; not allowed in a protected environment.
    #[arg(long)]
    express: bool,
    /// Finish a failed rollback without this resource, which stays unchanged.
    #[arg(long, value_name = "LOGICAL-ID")]
    skip: Vec<String>,
    /// How long to wait while someone else changes the environment, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = time_span::parse)]
    wait_for_lock: Option<TimeDelta>,
    /// Write the stack's outputs to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
}

/// Deploys a release.
pub async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (options, outputs) = arguments.options.split();
    options.check(&environment)?;
    let connection = connect(&environment).await?;
    deploy(&environment, &connection, &options, outputs, Subject::Release(arguments.release)).await
}

impl DeployOptions {
    /// Returns the options of the deployment, and the file for its outputs.
    pub fn split(self) -> (Options, Option<PathBuf>) {
        let options = Options {
            consent: Consent::from_yes_flag(self.yes),
            allow_iam_widening: self.allow_iam_widening,
            allow_data_loss: self.allow_data_loss,
            express: self.express,
            allow_unverified: false,
            skip: self.skip,
            wait_for_lock: self.wait_for_lock.and_then(|time| time.to_std().ok()).unwrap_or(Duration::ZERO),
        };
        (options, self.outputs)
    }
}

/// Deploys after a review, verifies the result, and stops on Ctrl-C.
pub async fn deploy(
    environment: &Environment,
    connection: &Connection,
    options: &Options,
    outputs: Option<PathBuf>,
    subject: Subject,
) -> Result<Outcome> {
    connection.announce(environment);
    let deployment = Deployment::new(environment, connection, options, subject, &show);
    let work = async {
        let result = deployment.apply().await?;
        let json = result.outputs.to_json(connection.local.as_ref())?;
        // The outputs are printed before the verification, which may fail. Neither standard output nor a file that
        // cannot be written prevents it.
        let printed = output::print(&json);
        let written = write_outputs(environment, outputs, &json);
        deployment.verify(result).await?;
        printed?;
        written
    };
    tokio::select! {
        outcome = work => outcome.map(|()| Outcome::Done),
        interrupted = command::interrupted() => {
            interrupted?;
            terminal::report(deployment.interrupt().await);
            // The exit code that shells use for an interrupted program.
            Ok(Outcome::Code(130))
        }
    }
}

fn show(review: &Review) {
    terminal::report(format!("\n{}\n", to_text(review, Palette::for_errors(), Detail::Summary).trim_end()));
}

fn write_outputs(environment: &Environment, path: Option<PathBuf>, json: &str) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(&path, format!("{json}\n")).with_context(|| {
        format!(
            "everything is deployed, but its outputs could not be written to {}; {} prints them",
            path.display(),
            command_for(&environment.name, "outputs")
        )
    })
}
