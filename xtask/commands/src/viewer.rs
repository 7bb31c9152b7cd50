//! `cargo xtask viewer`: serves the page that shows viewer assets, for any environment.

pub(crate) mod environment;

use anyhow::{Context as _, Result};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output, terminal};
use deploy::deployed_stack::DeployedStack;
use machine::{LOCAL_ENVIRONMENT, command, ports};
use operator::connect::{connect, read_stack_file};
use stack::Environment;
use viewer::ViewerEnvironment;

use self::environment::{viewer_of_deployed_stack, viewer_of_local_stack};

/// Options of `viewer`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The port of the page; a free one without it.
    #[arg(long)]
    port: Option<u16>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let viewer = find(&environment).await?;
    let listener = ports::bind(arguments.port).await.context("there is no free port on 127.0.0.1")?;
    let address = listener.local_addr().context("a listener has no address")?;
    terminal::say(format!(
        "The viewer for {} is at this address; press Ctrl-C to stop it.",
        environment.name
    ));
    output::print(format!("http://{address}"))?;
    tokio::select! {
        served = viewer::serve(listener, &viewer, std::future::pending()) => {
            served.context("the viewer cannot serve")?;
        }
        interrupted = command::interrupted() => interrupted?,
    }
    Ok(Outcome::Done)
}

async fn find(environment: &Environment) -> Result<ViewerEnvironment> {
    if environment.name.as_str() == LOCAL_ENVIRONMENT {
        return viewer_of_local_stack(&read_stack_file()?);
    }
    let connection = connect(environment).await?;
    let stack = DeployedStack::get(&connection.cloudformation(), environment).await?;
    viewer_of_deployed_stack(environment, &stack.outputs)
}
