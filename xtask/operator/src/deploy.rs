//! `deploy --release`: reviews, applies, and verifies a release.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use clap::{ArgGroup, Args};
use command_line::terminal::{self, Palette};
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::approvals::{Approval, Approvals};
use deploy::connection::{Connection, LocalStack};
use deploy::deployed_stack::Outputs;
use deploy::deployment::{Deployment, Options, Subject};
use deploy::plan::Plan;
use deploy::release::ReleaseId;
use deploy::review::Review;
use deploy::{Consent, command_for, time_span};
use machine::command;
use stack::Environment;

use crate::connect::connect;
use crate::ending;
use crate::review_text::{Detail, to_text};

/// Options of `deploy` for a release.
#[derive(Args)]
#[command(group(ArgGroup::new("subject").args(["release", "plan"]).required(true)))]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Deploy what was published as this release.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    /// Apply the plan for a release that `diff --out` wrote, exactly as it was reviewed, without asking.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
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
    /// Allow a change that the review names: iam:STATEMENT, data:LOGICAL-ID, or api:ROUTE.
    #[arg(long, value_name = "CHANGE")]
    allow: Vec<Approval>,
    /// Do not wait until every resource has stabilized; not allowed in a protected environment.
    #[arg(long)]
    express: bool,
    /// End when CloudFormation has begun; it continues, and the next deployment verifies the result.
    #[arg(long)]
    no_wait: bool,
    /// Finish a failed rollback without this resource, which stays unchanged.
    #[arg(long, value_name = "LOGICAL-ID")]
    skip: Vec<String>,
    /// How long to wait while someone else changes the environment, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = time_span::parse)]
    wait_for_lock: Option<TimeDelta>,
    /// Write the stack's outputs to this file too: as variables if it ends with .env, otherwise as JSON.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
}

/// Deploys a release.
pub async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let (mut options, outputs) = arguments.options.split();
    options.check(&environment)?;
    let planned = read_plan(arguments.plan.as_deref(), &environment, &mut options)?;
    let release = arguments.release.or(planned).context(
        "this plan is for a source, which this program does not have; apply it in a checkout with `cargo xtask`",
    )?;
    let connection = connect(&environment).await?;
    deploy(&environment, &connection, &options, outputs, Subject::Release(release)).await
}

/// Reads a plan into the options, and returns its release, if it has one.
///
/// The plan was reviewed, so it needs no confirmation.
pub fn read_plan(
    path: Option<&Path>,
    environment: &Environment,
    options: &mut Options,
) -> Result<Option<ReleaseId>> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let plan = Plan::parse(&text, environment).with_context(|| format!("cannot apply {}", path.display()))?;
    let release = plan.release().cloned();
    options.plan = Some(Arc::new(plan));
    options.consent = Consent::Given;
    Ok(release)
}

impl DeployOptions {
    /// Returns the options of the deployment, and the file for its outputs.
    pub fn split(self) -> (Options, Option<PathBuf>) {
        let options = Options {
            consent: Consent::from_yes_flag(self.yes),
            approvals: Approvals {
                widening: self.allow_iam_widening,
                data_loss: self.allow_data_loss,
                named: self.allow.into_iter().collect(),
            },
            express: self.express,
            no_wait: self.no_wait,
            allow_unverified: false,
            plan: None,
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
        let Some(result) = deployment.apply().await? else {
            terminal::say(format!(
                "  CloudFormation makes the changes now; {} follows them, and {} verifies the result",
                command_for(&environment.name, "status --follow"),
                command_for(&environment.name, "deploy")
            ));
            return Ok(());
        };
        let (deployed, summary) = (result.outputs.clone(), result.summary.clone());
        let local = connection.local.as_ref();
        // The outputs are printed before the verification, which may fail. Neither standard output nor a file that
        // cannot be written prevents it.
        let printed = output::print(deployed.to_json(local)?);
        let written = write_outputs(environment, outputs, &deployed, local);
        deployment.verify(result).await?;
        if let Some(summary) = summary {
            let phases = deployment.phases();
            terminal::say(ending::to_text(environment, connection, &summary, &deployed, &phases).trim_end());
        }
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
    terminal::report(review_text(review));
}

/// Returns the review of a deployment for people, between blank lines.
pub fn review_text(review: &Review) -> String {
    format!("\n{}\n", to_text(review, Palette::for_errors(), Detail::Summary).trim_end())
}

/// Writes the outputs to a file: as variables if it ends with `.env`, and as JSON otherwise.
fn write_outputs(
    environment: &Environment,
    path: Option<PathBuf>,
    outputs: &Outputs,
    local: Option<&LocalStack>,
) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let is_variables = path.extension().is_some_and(|extension| extension == "env");
    let text = if is_variables { outputs.to_variables(local) } else { outputs.to_json(local)? };
    std::fs::write(&path, format!("{text}\n")).with_context(|| {
        format!(
            "everything is deployed, but its outputs could not be written to {}; {} prints them",
            path.display(),
            command_for(&environment.name, "outputs")
        )
    })
}
