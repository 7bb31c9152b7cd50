//! `cargo xtask local`: runs the whole system on this machine.

mod console;
mod data_plane;
mod deployed;
mod follower;
pub(crate) mod foundation;
pub(crate) mod guard;
mod subcommand;
mod summary;
mod watch;

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use command_line::environment;
use command_line::{Outcome, is_quiet, show_activity, terminal};
use deploy::Consent;
use deploy::build::Profile;
use deploy::connection::{Emulator, LocalStack};
use deploy::deployed_stack::Deployed;
use deploy::deployment::{Deployment, DeploymentResult, Options, Subject};
use local_stack::emulator::address;
use local_stack::not_emulated::not_emulated;
use local_stack::{Buckets, Queues, StackFile};
use machine::directory::{Data, StateDirectory};
use machine::process as processes;
use machine::{command, repository, workspace};
use rights::identity::{Credentials, Operator};
use tokio::time::timeout;

use self::data_plane::{Aws, DataPlane, Settings};
use self::deployed::DeployedResources;
use self::foundation::Foundation;
use self::guard::RunningGuard;
use self::watch::{Saves, Swap};
use operator::connect::connect_to_emulator;
use operator::terminal::aws_error_message;

/// How long a stack that just started is verified. A function that does not start must not delay its logs for longer.
const VERIFICATION_LIMIT: Duration = Duration::from_secs(10);

/// The usual port of AWS.
const AWS_PORT: u16 = 4566;

/// What Lambda allows all functions of an account together, unless AWS has raised the quota:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>.
const MAXIMUM_INSTANCES: i64 = 1000;

/// The file that marks data which was kept on purpose.
const KEPT: &str = "kept";

/// Options of `local`.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Arguments {
    /// Keep the data when the stack ends, and begin with what was kept.
    #[arg(long)]
    keep: bool,
    /// Delete the data that an earlier run kept.
    #[arg(long, conflicts_with = "keep")]
    fresh: bool,
    /// Run the functions as they are built for Lambda, not as they are built for development.
    #[arg(long)]
    release: bool,
    /// How many instances of each function may run at the same time. Further invocations wait for one.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=MAXIMUM_INSTANCES))]
    instances: u16,
    /// Build and deploy what is saved in the source of the functions, the contract and the template, while the stack runs.
    #[arg(long)]
    watch: bool,
    /// Where the stack keeps its state; stacks in different directories run side by side.
    #[arg(long, value_name = "DIRECTORY")]
    state: Option<PathBuf>,
    /// Run this command when the stack is up, then shut down and exit with its code. It finds the path of stack.json in
    /// `PACKAGES_STACK`, and the emulator in the `AWS_*` variables.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The running parts of the stack, which have to be stopped in order.
#[derive(Default)]
struct Running {
    foundation: Option<Foundation>,
    guard: Option<RunningGuard>,
    data_plane: Option<DataPlane>,
}

/// Starts the stack, runs it until something ends it, and always stops it in order.
pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let path = arguments.state.clone().unwrap_or_else(workspace::local_state);
    let directory = Arc::new(StateDirectory::open(&path)?);
    let ended = processes::clean_up(&directory).await?;
    if !ended.is_empty() {
        terminal::say(format!("  ended processes that an earlier run left behind: {}", ended.join(", ")));
    }
    directory.remove(machine::STACK_FILE).await?;
    prepare_data(&arguments, &directory).await?;
    let mut running = Running::default();
    let ended = tokio::select! {
        outcome = serve(&mut running, &directory, &arguments) => outcome.map(Some),
        interrupted = command::interrupted() => interrupted.map(|()| None),
    };
    if matches!(ended, Ok(None)) {
        terminal::say("\n  shutting down …");
    }
    let is_up = running.data_plane.is_some();
    running.stop(&directory).await?;
    Ok(match ended? {
        Some(outcome) => outcome,
        // Ctrl-C is how a stack is ended. Anything else did not get to its end, so its exit code is the one that shells
        // use for an interrupted program.
        None if is_up && arguments.command.is_empty() => Outcome::Done,
        None => Outcome::Code(130),
    })
}

/// Keeps the data of the last run, or deletes it.
///
/// Data that was kept on purpose is deleted only after a confirmation.
async fn prepare_data(arguments: &Arguments, directory: &StateDirectory) -> Result<()> {
    if arguments.keep {
        return Ok(directory.write(KEPT, b"").await?);
    }
    if directory.file(KEPT).exists() && !arguments.fresh {
        let path = directory.path().display();
        ensure!(
            terminal::can_ask(),
            "an earlier run kept its data in {path}; pass --keep to continue with it, or --fresh to delete it"
        );
        let agreed =
            terminal::confirm(&format!("An earlier run kept its data in {path}. Delete it?")).await?;
        ensure!(agreed, "the data was kept; pass --keep to continue with it");
    }
    Ok(directory.reset().await?)
}

/// Starts everything, and returns when the stack has to stop.
async fn serve(
    running: &mut Running,
    directory: &Arc<StateDirectory>,
    arguments: &Arguments,
) -> Result<Outcome> {
    let start = Instant::now();
    // What is saved during the start is deployed after it.
    let saves = arguments.watch.then(|| Saves::watch(repository::root()));
    let data = if arguments.keep { Data::Kept } else { Data::Fresh };
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let profile =
        if arguments.release { Profile::Release(environment.architecture) } else { Profile::Development };

    let listener = address::listen(directory, AWS_PORT).await?;
    let port = listener.local_addr().context("a listener has no address")?.port();
    let schemas = guard::load_provider_schemas(&environment);
    let foundation = running.foundation.insert(Foundation::start(directory, Some(port), data).await?);
    let guard = RunningGuard::start(listener, &foundation.emulator, &environment, schemas.await??)?;
    let guard = running.guard.insert(guard);
    let connect_as = async |operator| {
        connect_to_emulator(&environment, &guard.endpoint_url, guard.operator(operator).into()).await
    };
    let administrator = connect_as(Operator::Administrator).await?;
    let mut connection = connect_as(Operator::Deployer).await?;
    let listeners = data_plane::Listeners::bind().await?;
    let issuer = listeners.issuer()?;
    let platform = foundation.prepare_platform(&administrator, &data_plane::issuer_urls(&issuer)).await?;
    let options = Options::new(Consent::Implied);
    let subject = Subject::Source(profile);
    let deployed = Deployment::new(&environment, &connection, &options, subject, &|_| {}).apply().await?;
    let deployed = deployed.context("the deployment of the local stack was not waited for")?;
    let resources = DeployedResources::from_outputs(&deployed.outputs)?;
    let demo = foundation.load_demo_data(&administrator, &resources.assets_bucket, &platform).await?;

    let step = terminal::Step::begin("data plane");
    let inside = foundation.connect_directly(&environment).await?;
    let aws = Aws { guard, administrator: &administrator, inside: &inside };
    let settings = Settings { directory, maximum_instances: arguments.instances.into() };
    let data_plane =
        DataPlane::start(&aws, &settings, foundation, &resources, listeners, issuer, &demo).await?;
    let data_plane = running.data_plane.insert(data_plane);
    let stack_file = StackFile {
        api_url: data_plane.urls.gateway.clone(),
        cdn_url: data_plane.urls.edge.clone(),
        console_url: data_plane.urls.console.clone(),
        viewer_url: data_plane.urls.viewer.clone(),
        issuer_url: data_plane.urls.issuer.clone(),
        aws_endpoint_url: guard.endpoint_url.clone(),
        database_url: foundation.postgres.url(),
        credentials: data_plane.credentials(guard, &resources),
        tokens: data_plane.tokens()?,
        organization_id: demo.organization_id,
        dataset_id: demo.dataset_id,
        packages: demo.packages,
        assets: demo.assets,
        queues: Queues {
            restore: Some(resources.restore_queue_url),
            dead_letters: Some(resources.dead_letter_queue_url),
            jobs: platform.jobs_queue_url,
        },
        buckets: Buckets { assets: Some(resources.assets_bucket), storage: platform.storage_bucket },
        stack_name: stack::stack_name(&environment),
        release: arguments.release,
    };
    let template = Deployed::read(&environment, &connection).await?.map(|deployed| deployed.template);
    let without_effect = template.map(|template| not_emulated(template.as_value())).unwrap_or_default();
    let local = described_for_commands(&stack_file);
    let emulator = Emulator {
        endpoint_url: guard.endpoint_url.clone(),
        credentials: guard.operator(Operator::Deployer).into(),
    };
    let pool = foundation.pool.clone();
    let access =
        console::Access::connect(&environment, &emulator, administrator, pool, local.clone()).await?;
    data_plane.open(directory, &inside, stack_file.clone(), &access, &without_effect).await?;
    step.done("gateway, functions, queue poller, edge, issuer, console, viewer");
    connection.local = Some(local.clone());
    let subject = Subject::Source(profile);
    let deployment = Deployment::new(&environment, &connection, &options, subject, &|_| {});
    verify(&deployment, deployed, VERIFICATION_LIMIT).await;

    let path = directory.file(machine::STACK_FILE);
    let data_plane = &*data_plane;
    let swap =
        Swap::connect(&environment, (&emulator, local), profile, data_plane, &resources.functions, &path);
    let watching = deploy_saves(saves, swap);
    let credentials = guard.operator(Operator::Administrator);
    let command = run_command(&arguments.command, &path, &stack_file, &credentials);
    if arguments.command.is_empty() {
        summary::print(&stack_file, &path, &without_effect, start.elapsed())?;
        if !is_quiet() {
            show_activity();
        }
    } else {
        terminal::say(format!("  up after {:.1} s", start.elapsed().as_secs_f64()));
    }
    tokio::select! {
        code = command => code.map(Outcome::Code),
        error = foundation.exited() => Err(error),
        error = guard.ended() => Err(error),
        error = data_plane.ended() => Err(error),
        ended = watching => ended.map(|ended| match ended {}),
    }
}

/// Runs the command with the administrator's credentials, since it may look at everything. Without a command, waits
/// forever.
async fn run_command(
    command: &[OsString],
    path: &Path,
    stack_file: &StackFile,
    credentials: &Credentials,
) -> Result<u8> {
    if command.is_empty() {
        return std::future::pending().await;
    }
    subcommand::run(command, path, &stack_file.aws_endpoint_url, credentials).await
}

/// Deploys what is saved, and ends only with an error. Without `--watch`, waits forever.
async fn deploy_saves(
    saves: Option<Saves>,
    swap: impl Future<Output = Result<Swap<'_>>>,
) -> Result<Infallible> {
    let Some(saves) = saves else { return std::future::pending().await };
    watch::run(saves, swap.await?).await
}

/// Returns what commands know of the stack.
fn described_for_commands(stack_file: &StackFile) -> LocalStack {
    LocalStack {
        api_url: stack_file.api_url.clone(),
        cdn_url: stack_file.cdn_url.clone(),
        console_url: stack_file.console_url.clone(),
        aws_endpoint_url: stack_file.aws_endpoint_url.clone(),
        database_url: stack_file.database_url.clone(),
        is_release_build: stack_file.release,
    }
}

/// Verifies what was deployed. A stack that fails the verification is served too: its logs show the reason.
async fn verify(deployment: &Deployment<'_>, deployed: DeploymentResult, limit: Duration) {
    let verified = timeout(limit, deployment.verify(deployed)).await;
    let verified = verified.context("the verification of the local stack took too long").flatten();
    if let Err(error) = verified {
        terminal::warning(&error, aws_error_message);
    }
}

impl Running {
    /// Stops the running parts in the reverse order of their start.
    async fn stop(self, directory: &StateDirectory) -> Result<()> {
        if let Some(data_plane) = self.data_plane {
            data_plane.stop().await;
        }
        // Only now, because the data plane writes it when something else is deployed.
        let removed = directory.remove(machine::STACK_FILE).await;
        let mut recorded = Ok(());
        if let Some(guard) = self.guard {
            recorded = guard.record(directory).await;
            guard.stop().await;
        }
        if let Some(foundation) = self.foundation {
            foundation.stop().await;
        }
        recorded?;
        Ok(removed?)
    }
}
