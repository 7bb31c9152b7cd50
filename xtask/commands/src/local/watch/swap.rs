//! Builds a change and deploys it to the running stack.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use command_line::terminal;
use deploy::Consent;
use deploy::build::{BuildFailed, Profile};
use deploy::connection::{self, Connection, Emulator, LocalStack};
use deploy::deployment::{Deployment, Options, Subject, TimedPhase};
use deploy::review::Review;
use lambda::control_plane::{FunctionName, FunctionRevision};
use machine::command::{self, Group};
use operator::deploy::review_text;
use operator::terminal::aws_error_message;
use stack::{Environment, FunctionName as Function};
use tokio::process::Command;
use tokio::time::Instant;

use super::change::{Change, Part};
use super::report;
use crate::local::data_plane::DataPlane;
use crate::local::verify;
use crate::only_warnings::OnlyWarnings;

/// How long another deployment of the stack may take before a change is deployed.
const LOCK_LIMIT: Duration = Duration::from_mins(2);

/// How long a function that does not start may delay the next build, which may correct it.
const VERIFICATION_LIMIT: Duration = Duration::from_secs(3);

/// The reason of a failure whose details are shown already.
const NOT_DEPLOYED: &str = "not deployed, the old code serves";

/// Deploys changes to the running stack.
pub(in crate::local) struct Swap<'a> {
    environment: &'a Environment,
    connection: Connection,
    profile: Profile,
    data_plane: &'a DataPlane,
    /// The deployed names of the functions.
    functions: &'a BTreeMap<Function, FunctionName>,
    /// The `stack.json` of the stack.
    stack_file: &'a Path,
}

impl<'a> Swap<'a> {
    /// Connects to a running stack.
    pub(in crate::local) async fn connect(
        environment: &'a Environment,
        (emulator, local): (&Emulator, LocalStack),
        profile: Profile,
        data_plane: &'a DataPlane,
        functions: &'a BTreeMap<Function, FunctionName>,
        stack_file: &'a Path,
    ) -> Result<Self> {
        let mut connection =
            connection::connect_to_emulator(environment, emulator, Arc::new(OnlyWarnings)).await?;
        connection.local = Some(local);
        Ok(Self { environment, connection, profile, data_plane, functions, stack_file })
    }

    /// Deploys a change, and reports the result on one line.
    pub(super) async fn apply(&self, change: &Change) {
        match change.part {
            Part::Functions => self.deploy_functions(change).await,
            Part::Template => self.deploy_with_current_program(change).await,
        }
    }

    /// Deploys the functions. The deployed template stays: this program cannot render what has been saved meanwhile.
    async fn deploy_functions(&self, change: &Change) {
        let before = self.data_plane.revisions();
        let mut options = Options::new(Consent::Given);
        options.wait_for_lock = LOCK_LIMIT;
        let subject = Subject::Code(self.profile);
        let shown = Mutex::new(String::new());
        let show = |review: &Review| {
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = review_text(review);
        };
        let deployment = Deployment::new(self.environment, &self.connection, &options, subject, &show);
        let start = Instant::now();
        let deployed = async {
            let deployed = deployment.apply().await?.context("the deployment was not waited for")?;
            self.data_plane.serve_what_is_deployed().await?;
            anyhow::Ok(deployed)
        };
        match Box::pin(deployed).await {
            Ok(deployed) => {
                let phases = deployment.phases();
                let build = phases.iter().find(|(phase, _)| *phase == TimedPhase::Build);
                let build = build.map(|(_, time)| *time).unwrap_or_default();
                let times = [("build", build), ("deployment", start.elapsed().saturating_sub(build))];
                self.report_success(change, &before, &times);
                let verified = verify(&deployment, deployed, VERIFICATION_LIMIT);
                Box::pin(verified).await;
            }
            Err(error) if error.downcast_ref::<BuildFailed>().is_some() => {
                report::failure(change, "not built, the old code serves");
            }
            Err(error) => {
                // A review matters if it prevents the deployment: it says which changes need a flag.
                let review = shown.into_inner().unwrap_or_else(PoisonError::into_inner);
                if !review.is_empty() {
                    terminal::report(review);
                }
                terminal::error(&error, aws_error_message);
                report::failure(change, NOT_DEPLOYED);
            }
        }
    }

    /// Deploys everything with a command line that is built from the source as it is now.
    async fn deploy_with_current_program(&self, change: &Change) {
        let before = self.data_plane.revisions();
        let start = Instant::now();
        let deployed = async {
            let mut command = self.deploy_command();
            let mut deploy = Group::start(&mut command)?.ended_by_request();
            let status = deploy.wait().await?;
            if !status.success() {
                bail!("`cargo xtask deploy --env local` failed ({status}); its output is above");
            }
            self.data_plane.serve_what_is_deployed().await
        };
        match deployed.await {
            Ok(()) => {
                self.report_success(change, &before, &[("command line and deployment", start.elapsed())]);
            }
            Err(error) => report::failure(change, &format!("{error:#}")),
        }
    }

    /// Returns the command that shows the review, warnings and errors, and nothing else.
    fn deploy_command(&self) -> Command {
        let mut command = Command::from(command::cargo());
        command
            .args(["run", "--quiet", "--package", "xtask", "--"])
            .args(["--quiet", "deploy", "--env", "local", "--yes"])
            .env("PACKAGES_STACK", self.stack_file)
            .env_remove("AWS_ENDPOINT_URL")
            .stdin(Stdio::null())
            // The outputs of the stack have not changed for the reader.
            .stdout(Stdio::null());
        command
    }

    fn report_success(
        &self,
        change: &Change,
        before: &BTreeMap<FunctionName, FunctionRevision>,
        times: &[(&str, Duration)],
    ) {
        let now = self.data_plane.revisions();
        let is_swapped = |name: &FunctionName| now.get(name) != before.get(name);
        let swapped = self.functions.iter().filter(|(_, name)| is_swapped(name));
        let swapped: Vec<&str> = swapped.map(|(function, _)| function.as_str()).collect();
        report::success(change, &swapped, change.saved.elapsed(), times);
    }
}
