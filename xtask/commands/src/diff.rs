//! `cargo xtask diff`: shows what a deployment would change. Requires only read permissions.

use anyhow::Result;
use clap::Args;
use command_line::terminal::Palette;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::build;
use deploy::candidate::Candidate;
use deploy::deployed_stack::Deployed;
use deploy::keys::DeploymentKeys;
use deploy::release::{ReleaseId, ReleaseStore};
use deploy::review::Review;

use crate::connect::{build_profile, connect};
use crate::operator::Terminal;
use crate::review_text::{Detail, to_text};

/// Options of `diff`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Compare this release, and not the source.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    /// Show every difference, with whole values.
    #[arg(long)]
    full: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "full")]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
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
        candidate = Candidate::from_release(&environment, &bucket, &keys.for_review(), &release).await?;
    } else {
        let built;
        ((deployed, keys), built) =
            tokio::try_join!(read, build::build(build_profile(&environment, &connection), &Terminal))?;
        candidate = Candidate::from_source(&environment, &keys.for_review(), &built)?;
    }
    let generates_key = keys.has_new_key();
    let review =
        Review::compare(&environment, &connection, &bucket, deployed.as_ref(), &candidate, generates_key)
            .await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&review)?)?;
    } else {
        let detail = if arguments.full { Detail::Full } else { Detail::Summary };
        output::print(to_text(&review, Palette::for_output(), detail).trim_end())?;
    }
    let is_clean = review.is_empty() && review.live_resources.missing.is_empty();
    Ok(if is_clean { Outcome::Done } else { Outcome::Differences })
}
