//! `diff --release`: shows what deploying a release would change. Requires only read permissions.

use anyhow::Result;
use clap::Args;
use command_line::terminal::Palette;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::candidate::Candidate;
use deploy::connection::Connection;
use deploy::deployed_stack::Deployed;
use deploy::keys::DeploymentKeys;
use deploy::release::{ReleaseId, ReleaseStore};
use deploy::review::Review;
use stack::Environment;

use crate::connect::connect;
use crate::review_text::{Detail, to_text};

/// Options of `diff` for a release.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Compare this release.
    #[arg(long, value_name = "ID")]
    release: ReleaseId,
    #[command(flatten)]
    format: ReviewFormat,
}

/// How a review is printed.
#[derive(Args)]
pub struct ReviewFormat {
    /// Show every difference, with whole values.
    #[arg(long)]
    full: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "full")]
    json: bool,
}

/// Shows what deploying a release would change.
pub async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    compare_release(&environment, &connection, &arguments.release, &arguments.format).await
}

/// Shows what deploying a release would change.
pub async fn compare_release(
    environment: &Environment,
    connection: &Connection,
    id: &ReleaseId,
    format: &ReviewFormat,
) -> Result<Outcome> {
    let bucket = ArtifactBucket::new(environment, connection);
    let (deployed, keys) = tokio::try_join!(
        Deployed::read(environment, connection),
        DeploymentKeys::read(environment, connection, None),
    )?;
    let release = ReleaseStore::new(&bucket, environment).get(id).await?.release;
    let candidate = Candidate::from_release(environment, &bucket, &keys.for_review(), &release).await?;
    let generates_key = keys.has_new_key();
    let review =
        Review::compare(environment, connection, &bucket, deployed.as_ref(), &candidate, generates_key);
    format.print(&review.await?)
}

impl ReviewFormat {
    /// Prints a review. The outcome says whether anything would change.
    pub fn print(&self, review: &Review) -> Result<Outcome> {
        if self.json {
            output::print(serde_json::to_string_pretty(review)?)?;
        } else {
            let detail = if self.full { Detail::Full } else { Detail::Summary };
            output::print(to_text(review, Palette::for_output(), detail).trim_end())?;
        }
        let is_clean = review.is_empty() && review.live_resources.missing.is_empty();
        Ok(if is_clean { Outcome::Done } else { Outcome::Differences })
    }
}
