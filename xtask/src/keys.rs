//! `cargo xtask keys`: the keys that sign CDN URLs.
//!
//! A key lives in the Parameter Store under its fingerprint; the ring says which keys there are. Private keys are never
//! on a disk, in a template, or in anything that is printed.

mod clock;
mod import;
mod key_pair;
mod observe;
mod overlap;
mod plan;
mod probe;
mod retire;
mod ring;
mod rotate;
mod rotation;
mod status;
mod store;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use stack::{Environment, SigningKeys};

pub(crate) use self::key_pair::KeyPair;
pub(crate) use self::ring::Algorithm;
use self::ring::KeyRing;
use self::store::{KeyStore, StoredRing};
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, terminal};

/// Commands about keys.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Generate the first key of an environment; `deploy` does it by itself.
    Generate(GenerateArguments),
    /// Show the keys of an environment, and what is to be done about them.
    Status(status::Arguments),
    /// Have a new key sign, without a URL that is refused; or continue a rotation that is under way.
    Rotate(rotate::Arguments),
    /// Remove old keys whose time is over, or a next key that shall not sign.
    Retire(retire::Arguments),
    /// Take a key that was made elsewhere.
    Import(import::Arguments),
}

/// Options of `keys generate`.
#[derive(Args)]
pub(crate) struct GenerateArguments {
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
    let connection = aws::connect(&environment).await?;
    let store = KeyStore::new(&connection.configuration, &environment);
    let read = store.ring().await?;
    if !read.ring.is_empty() {
        bail!(
            "environment {0} has a signing key already; `cargo xtask keys rotate --env {0}` brings another",
            environment.name,
        );
    }
    generate_first(&store, &read, arguments.algorithm.into()).await?;
    terminal::say("The next `cargo xtask deploy` makes CloudFront trust it.");
    Ok(Outcome::Done)
}

/// The keys to deploy an environment with; where it has none yet, its first one is generated.
pub(crate) async fn for_deployment(
    environment: &Environment,
    configuration: &aws_config::SdkConfig,
) -> Result<SigningKeys> {
    let store = KeyStore::new(configuration, environment);
    let read = store.ring().await?;
    let ring = if read.ring.is_empty() {
        generate_first(&store, &read, Algorithm::EcP256).await?
    } else {
        read.ring
    };
    store.signing_keys(&ring).await
}

/// Generate a key and make it the active one.
async fn generate_first(store: &KeyStore<'_>, read: &StoredRing, algorithm: Algorithm) -> Result<KeyRing> {
    let step = terminal::Step::begin("signing key");
    let key = rotation::generate(algorithm).await?;
    let ring = rotation::enlist(store, read, &key).await?;
    step.done(format!("{algorithm} {} generated", key.fingerprint()));
    Ok(ring)
}
