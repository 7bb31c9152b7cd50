//! `diff --release`: shows what deploying a release would change. Requires only read permissions.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use command_line::terminal::Palette;
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::candidate::Candidate;
use deploy::connection::Connection;
use deploy::deployed_stack::Deployed;
use deploy::keys::DeploymentKeys;
use deploy::live_resources::LiveResources;
use deploy::plan::Plan;
use deploy::release::{ReleaseId, ReleaseStore};
use deploy::review::Review;
use stack::Environment;

use crate::connect::connect;
use crate::review_markdown::to_markdown;
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
    output: ReviewOutput,
}

/// How a review is printed and saved.
#[derive(Args)]
pub struct ReviewOutput {
    /// Show every difference, with whole values.
    #[arg(long)]
    full: bool,
    /// The format to print: Markdown is for a comment on a pull request.
    #[arg(long, value_enum, default_value_t = ReviewFormat::Text)]
    format: ReviewFormat,
    /// Print JSON; short for --format json.
    #[arg(long, conflicts_with_all = ["full", "format"])]
    json: bool,
    /// Write the plan to this file too; `deploy --plan` applies it exactly as it was reviewed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The format of a printed review.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReviewFormat {
    Text,
    Markdown,
    Json,
}

/// Shows what deploying a release would change.
pub async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    compare_release(&environment, &connection, &arguments.release, &arguments.output).await
}

/// Shows what deploying a release would change.
pub async fn compare_release(
    environment: &Environment,
    connection: &Connection,
    id: &ReleaseId,
    output: &ReviewOutput,
) -> Result<Outcome> {
    let bucket = ArtifactBucket::new(environment, connection);
    let (deployed, keys) = tokio::try_join!(
        Deployed::read(environment, connection),
        DeploymentKeys::read(environment, connection, None),
    )?;
    let release = ReleaseStore::new(&bucket, environment).get(id).await?.release;
    let candidate = Candidate::from_release(environment, &bucket, &keys.for_review(), &release).await?;
    let generates_key = keys.has_new_key();
    let deployed = deployed.as_ref();
    let live_resources = LiveResources::look_up(connection, deployed);
    let review = Box::pin(Review::compare(
        environment,
        connection,
        &bucket,
        deployed,
        live_resources,
        &candidate,
        generates_key,
    ));
    let review = review.await?;
    output.show(environment, connection, Some(id.clone()), &candidate, &review)
}

impl ReviewOutput {
    /// Prints and saves a review. The outcome says whether anything would change.
    pub fn show(
        &self,
        environment: &Environment,
        connection: &Connection,
        release: Option<ReleaseId>,
        candidate: &Candidate,
        review: &Review,
    ) -> Result<Outcome> {
        if let Some(path) = &self.out {
            let plan = Plan::new(environment, connection, release, candidate, review)?;
            std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(&plan)?))
                .with_context(|| format!("cannot write the plan to {}", path.display()))?;
        }
        let detail = if self.full { Detail::Full } else { Detail::Summary };
        let text = match if self.json { ReviewFormat::Json } else { self.format } {
            ReviewFormat::Json => serde_json::to_string_pretty(&review.to_json()?)?,
            ReviewFormat::Markdown => to_markdown(review, detail),
            ReviewFormat::Text => to_text(review, Palette::for_output(), detail),
        };
        output::print(text.trim_end())?;
        let is_clean = review.is_empty() && review.live_resources.missing.is_empty();
        Ok(if is_clean { Outcome::Done } else { Outcome::Differences })
    }
}
