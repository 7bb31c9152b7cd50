//! `cargo xtask releases`: lists the releases of an environment and their deployments.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;
use comfy_table::Table;
use command_line::{EnvironmentArgument, Outcome, layout, output, terminal};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::command_for;
use deploy::deployed_stack::Deployed;
use deploy::release::{Release, ReleaseId, ReleaseStore, TemplateHash};
use serde_json::json;

use crate::connect::connect;

/// Options of `releases`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = connect(&environment).await?;
    let bucket = ArtifactBucket::new(&environment, &connection);
    let store = ReleaseStore::new(&bucket, &environment);
    let (history, deployed) = tokio::try_join!(store.history(), Deployed::read(&environment, &connection))?;
    let template = deployed.map(|deployed| TemplateHash::new(&deployed.template)).transpose()?;
    let current = history.deployed(template.as_ref()).map(|release| &release.id);
    let releases = history.releases();
    if arguments.json {
        let all: Vec<_> = releases
            .iter()
            .map(|release| json!({ "release": release, "is_deployed": current == Some(&release.id) }))
            .collect();
        output::print(serde_json::to_string_pretty(&all)?)?;
    } else if releases.is_empty() {
        terminal::say(format!(
            "There is no release of {} yet; {} creates one.",
            environment.name,
            command_for(&environment.name, "deploy")
        ));
    } else {
        output::print(table(releases, current))?;
    }
    Ok(Outcome::Done)
}

fn table(releases: &[Release], current: Option<&ReleaseId>) -> Table {
    let mut table = layout::table(["RELEASE", "COMMIT", "LAST DEPLOYED", "BY", ""]);
    for release in releases {
        let modified = if release.source.is_modified { " modified" } else { "" };
        let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M").to_string();
        let deployed = match release.deployments.last().map(|record| (record, &record.ending)) {
            None => "never".to_owned(),
            Some((record, None)) => format!("{} unfinished", time(record.started_at)),
            Some((_, Some(ending))) => format!("{} {}", time(ending.at), ending.outcome),
        };
        let by = release.deployments.last().map_or(&release.created_by, |record| &record.by);
        // The account and the kind of identity are the same for most deployments, so they are omitted.
        let by = by.rsplit(':').next().unwrap_or(by);
        let is_current = if current == Some(&release.id) { "deployed now" } else { "" };
        let commit = format!("{}{modified}", release.source.short());
        table.add_row([release.id.to_string(), commit, deployed, by.to_owned(), is_current.to_owned()]);
    }
    table
}
