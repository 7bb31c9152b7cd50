//! `cargo xtask diff`: shows what a deployment would change. Requires only read permissions.

use std::future::ready;

use anyhow::Result;
use clap::Args;
use command_line::{EnvironmentArgument, Outcome};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::build;
use deploy::candidate::Candidate;
use deploy::deployed_stack::Deployed;
use deploy::deployment::check_platform_parameters;
use deploy::keys::DeploymentKeys;
use deploy::live_resources::LiveResources;
use deploy::release::{ReleaseId, SourceRevision};
use deploy::review::Review;
use operator::connect::connect;
use operator::diff::{ReviewOutput, compare_release};
use operator::terminal::Terminal;

use crate::build::profile;

/// Options of `diff`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Compare this release, and not the source.
    #[arg(long, value_name = "ID")]
    release: Option<ReleaseId>,
    #[command(flatten)]
    output: ReviewOutput,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    if let Some(id) = &arguments.release {
        return compare_release(&environment, &connection, id, &arguments.output).await;
    }
    // Files may be edited while they are compiled: nothing is deployed from this build.
    let (checked, source) =
        tokio::join!(check_platform_parameters(&environment, &connection), SourceRevision::read());
    checked?;
    let read = async {
        let (deployed, keys) = tokio::try_join!(
            Deployed::read(&environment, &connection),
            DeploymentKeys::read(&environment, &connection, None),
        )?;
        // The build takes longer.
        let live_resources = LiveResources::look_up(&connection, deployed.as_ref()).await;
        Ok((deployed, keys, live_resources))
    };
    let ((deployed, keys, live_resources), built) =
        tokio::try_join!(read, build::build(profile(&environment, &connection), &Terminal))?;
    let candidate = Candidate::from_source(&environment, &keys.for_review(), &built, source)?;
    let bucket = ArtifactBucket::new(&environment, &connection);
    let generates_key = keys.has_new_key();
    let review = Review::compare(
        &environment,
        &connection,
        &bucket,
        deployed.as_ref(),
        ready(live_resources),
        &candidate,
        generates_key,
    );
    let review = review.await?;
    arguments.output.show(&environment, &connection, None, &candidate, &review)
}
