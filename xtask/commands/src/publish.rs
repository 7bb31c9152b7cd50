//! `cargo xtask publish`: uploads a release without deploying it.

use anyhow::{Result, bail};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, output, terminal};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::candidate::Candidate;
use deploy::command_for;
use deploy::keys::DeploymentKeys;
use deploy::release::{ReleaseStore, SourceRevision, TemplateHash};
use deploy::{Consent, artifacts, build};

use operator::connect::connect;
use operator::terminal::Terminal;

use crate::build::profile;

/// Options of `publish`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Create the artifact bucket without asking if it does not exist.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let keys = DeploymentKeys::read(&environment, &connection, None).await?;
    if keys.has_new_key() {
        bail!(
            "environment {} has no signing key yet, which a release needs; run {} first",
            environment.name,
            command_for(&environment.name, "keys generate")
        );
    }
    let bucket = ArtifactBucket::new(&environment, &connection);
    bucket.ensure(Consent::from_yes_flag(arguments.yes), &Terminal).await?;
    let build = build::build(profile(&environment, &connection), &Terminal);
    let (functions, source) = SourceRevision::unchanged_during(build).await?;
    source.ensure_checked_out().await?;
    artifacts::upload(&bucket, &environment, &functions, &Terminal).await?;
    let candidate = Candidate::from_source(&environment, &keys.keys, &functions)?;
    let store = ReleaseStore::new(&bucket, &environment);
    let hash = TemplateHash::new(&candidate.template)?;
    let newest = store.newest().await?.map(|stored| stored.release);
    let id = match newest.filter(|newest| newest.template == hash && newest.source == source) {
        Some(newest) => {
            terminal::say(format!("  already published as release {}", newest.id));
            newest.id
        }
        None => store.create(&candidate, source, &connection.caller).await?.release.id,
    };
    let deploy = command_for(&environment.name, &format!("deploy --release {id}"));
    terminal::say(format!("  {deploy} deploys it"));
    output::print(&id)?;
    Ok(Outcome::Done)
}
