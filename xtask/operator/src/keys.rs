//! `cargo xtask keys`: manages the keys that sign CDN URLs.

mod import;
mod retire;
mod rotate;
mod status;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use command_line::{EnvironmentArgument, Outcome, terminal};
use deploy::command_for;
use deploy::keys::{Algorithm, generate_first};

use crate::connect::connect;

/// Commands about keys.
#[derive(Subcommand)]
pub enum Command {
    /// Generate the first key of an environment; `deploy` also does this.
    Generate(GenerateArguments),
    /// Show the keys of an environment, and the next step.
    Status(status::Arguments),
    /// Replace the signing key without breaking valid URLs, or continue a rotation.
    Rotate(rotate::Arguments),
    /// Remove old keys that have expired, or a next key that is not needed.
    Retire(retire::Arguments),
    /// Import a key that was generated elsewhere.
    Import(import::Arguments),
}

/// Options of `keys generate`.
#[derive(Args)]
pub struct GenerateArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The kind of key: EC P-256 signs much faster, RSA 2048 with SHA-1 is understood by older tools.
    #[arg(long, value_enum, default_value = "ec-p256")]
    algorithm: AlgorithmArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum AlgorithmArgument {
    EcP256,
    #[value(name = "rsa-2048")]
    Rsa2048,
}

impl From<AlgorithmArgument> for Algorithm {
    fn from(argument: AlgorithmArgument) -> Self {
        match argument {
            AlgorithmArgument::EcP256 => Self::EcP256,
            AlgorithmArgument::Rsa2048 => Self::Rsa2048,
        }
    }
}

pub(crate) async fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Generate(arguments) => generate(arguments).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Rotate(arguments) => rotate::run(arguments).await,
        Command::Retire(arguments) => retire::run(arguments).await,
        Command::Import(arguments) => import::run(arguments).await,
    }
}

async fn generate(arguments: GenerateArguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    generate_first(&environment, &connection, arguments.algorithm.into()).await?;
    let deploy = command_for(&environment.name, "deploy");
    terminal::say(format!("CloudFront trusts it after the next {deploy}."));
    Ok(Outcome::Done)
}
