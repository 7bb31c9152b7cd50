//! `cargo xtask diff`: what a deployment would change. Needs read rights only.

use anyhow::Result;
use clap::Args;

use crate::artifact_bucket::ArtifactBucket;
use crate::candidate::Candidate;
use crate::deployed_stack::Deployed;
use crate::environment::EnvironmentArgument;
use crate::keys::DeploymentKeys;
use crate::release::{ReleaseId, ReleaseStore};
use crate::review::Review;
use crate::terminal::Palette;
use crate::{Outcome, aws, build, deploy};

/// Options of `diff`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Compare this release, and not the source.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let bucket = ArtifactBucket::new(&environment, &connection);
    let read = async {
        tokio::try_join!(
            Deployed::read(&environment, &connection),
            DeploymentKeys::read(&environment, &connection, None),
        )
    };
    let (deployed, keys, candidate);
    if let Some(id) = &arguments.release {
        (deployed, keys) = read.await?;
        let release = ReleaseStore::new(&bucket, &environment).get(id).await?.release;
        candidate = Candidate::of_release(&environment, &bucket, &keys.keys, &release).await?;
    } else {
        let built;
        ((deployed, keys), built) = tokio::try_join!(read, build::build(deploy::profile_of(&environment)?))?;
        candidate = Candidate::of_source(&environment, &keys.keys, &built)?;
    }
    let generates_key = keys.has_new_key();
    let review =
        Review::of(&environment, &connection, &bucket, deployed.as_ref(), &candidate, generates_key).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&review)?);
    } else {
        print!("{}", review.to_text(Palette::of_output()));
    }
    Ok(if review.is_empty() { Outcome::Done } else { Outcome::Differences })
}
