//! `cargo xtask publish`: make a release ready, and deploy nothing.

use anyhow::{Result, bail};
use clap::Args;

use crate::artifact_bucket::ArtifactBucket;
use crate::candidate::Candidate;
use crate::consent::Consent;
use crate::environment::EnvironmentArgument;
use crate::keys::DeploymentKeys;
use crate::release::{ReleaseStore, SourceRevision, TemplateHash};
use crate::{Outcome, artifacts, aws, build, deploy, terminal};

/// Options of `publish`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Create the artifact bucket without asking, where there is none.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let keys = DeploymentKeys::read(&environment, &connection, None).await?;
    if keys.has_new_key() {
        bail!(
            "environment {0} has no signing key yet, which a release has to name; \
             `cargo xtask keys generate --env {0}` makes one",
            environment.name
        );
    }
    let (built, source) = SourceRevision::during(build::build(deploy::profile_of(&environment)?)).await?;
    let bucket = ArtifactBucket::new(&environment, &connection);
    bucket.ensure(Consent::of(arguments.yes)).await?;
    source.ensure_checked_out().await?;
    artifacts::upload(&bucket, &environment, &built).await?;
    let candidate = Candidate::of_source(&environment, &keys.keys, &built)?;
    let store = ReleaseStore::new(&bucket, &environment);
    let hash = TemplateHash::of(&candidate.template)?;
    let newest = store.newest().await?.map(|stored| stored.release);
    let id = match newest.filter(|newest| newest.template == hash && newest.source == source) {
        Some(newest) => {
            terminal::say(format!("  published before, as release {}", newest.id));
            newest.id
        }
        None => store.create(&candidate, source, &connection.caller).await?.release.id,
    };
    terminal::say(format!("  `cargo xtask deploy --env {} --release {id}` deploys it", environment.name));
    println!("{id}");
    Ok(Outcome::Done)
}
