//! `cargo xtask keys`: the keys that sign CDN URLs.
//!
//! A key lives in the Parameter Store under its fingerprint; the ring says which keys there are. Private keys are never
//! on a disk, in a template, or in anything that is printed.

mod generate;
mod ring;
mod store;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use stack::{Environment, SigningKeys};

pub(crate) use self::generate::KeyPair;
pub(crate) use self::ring::Algorithm;
use self::ring::{KeyRing, KeyState, RingEntry};
use self::store::KeyStore;
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, terminal};

/// Commands about keys.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Generate the first key of an environment; `deploy` does it by itself.
    Generate(GenerateArguments),
    /// Show the keys of an environment.
    Status(StatusArguments),
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

/// Options of `keys status`.
#[derive(Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum AlgorithmArgument {
    EcP256,
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
        Command::Generate(arguments) => {
            let environment = arguments.environment.load()?;
            let connection = aws::connect(&environment).await?;
            let store = KeyStore::new(&connection.configuration, &environment);
            if !store.ring().await?.is_empty() {
                bail!(
                    "environment {} has a signing key already; see `cargo xtask keys status --env {}`",
                    environment.name,
                    environment.name
                );
            }
            let ring = generate_first(&store, arguments.algorithm.into()).await?;
            terminal::say("The next `cargo xtask deploy` makes CloudFront trust it.");
            show(&ring);
        }
        Command::Status(arguments) => {
            let environment = arguments.environment.load()?;
            let connection = aws::connect(&environment).await?;
            show(&KeyStore::new(&connection.configuration, &environment).ring().await?);
        }
    }
    Ok(Outcome::Done)
}

/// The keys to deploy an environment with; where it has none yet, its first one is generated.
pub(crate) async fn for_deployment(
    environment: &Environment,
    configuration: &aws_config::SdkConfig,
) -> Result<SigningKeys> {
    let store = KeyStore::new(configuration, environment);
    let mut ring = store.ring().await?;
    if ring.is_empty() {
        ring = generate_first(&store, Algorithm::EcP256).await?;
    }
    let mut keys = Vec::new();
    for entry in ring.entries() {
        let pem = store.public_key(&entry.fingerprint).await?;
        let created = u64::try_from(entry.created_at.timestamp()).context("a key of the ring is too old")?;
        keys.push(stack::SigningKey::new(entry.fingerprint.clone(), created, &pem)?);
    }
    Ok(SigningKeys::new(keys, ring.active().map(|entry| entry.fingerprint.clone()))?)
}

/// Generate a key and make it the active one. The ring is written last: a run that dies before leaves parameters that
/// nothing refers to, and the next run makes a key of its own.
async fn generate_first(store: &KeyStore<'_>, algorithm: Algorithm) -> Result<KeyRing> {
    let step = terminal::Step::begin("signing key");
    let key = tokio::task::spawn_blocking(move || KeyPair::generate(algorithm))
        .await
        .context("generating a key was interrupted")??;
    store.put_key_pair(&key).await?;
    let entry = RingEntry {
        fingerprint: key.fingerprint().clone(),
        algorithm,
        created_at: chrono::Utc::now(),
        state: KeyState::Active,
        retire_after: None,
    };
    let ring = KeyRing::new(vec![entry])?;
    store.create_ring(&ring).await?;
    step.done(format!("{algorithm} {} generated", key.fingerprint()));
    Ok(ring)
}

fn show(ring: &KeyRing) {
    if ring.is_empty() {
        terminal::say("There is no signing key yet; `cargo xtask deploy` generates one.");
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["KEY", "ALGORITHM", "STATE", "CREATED"]);
    for entry in ring.entries() {
        table.add_row([
            entry.fingerprint.to_string(),
            entry.algorithm.to_string(),
            entry.state.to_string(),
            entry.created_at.format("%Y-%m-%d %H:%M").to_string(),
        ]);
    }
    println!("{table}");
}
