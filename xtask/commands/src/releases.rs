//! `cargo xtask releases`: lists the releases of an environment and their deployments.

use anyhow::Result;
use clap::Args;
use comfy_table::Table;
use command_line::{EnvironmentArgument, Outcome, layout, output, terminal};
use deploy::artifact_bucket::ArtifactBucket;
use deploy::command_for;
use deploy::deployed_stack::Deployed;
use deploy::release::{Release, ReleaseStore, TemplateHash};
use serde_json::json;

use crate::connect::connect;

/// Options of `releases`.
#[derive(Args)]
pub(crate) struct Arguments {
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
    let (stored, deployed) = tokio::try_join!(store.all(), Deployed::read(&environment, &connection))?;
    let current = deployed.map(|deployed| TemplateHash::new(&deployed.template)).transpose()?;
    let releases: Vec<Release> = stored.into_iter().map(|stored| stored.release).collect();
    let is_current = |release: &Release| current.as_ref() == Some(&release.template);
    if arguments.json {
        let all: Vec<_> = releases
            .iter()
            .map(|release| json!({ "release": release, "is_deployed": is_current(release) }))
            .collect();
        output::print(serde_json::to_string_pretty(&all)?)?;
    } else if releases.is_empty() {
        terminal::say(format!(
            "There is no release of {} yet; {} creates one.",
            environment.name,
            command_for(&environment.name, "deploy")
        ));
    } else {
        output::print(table(&releases, is_current))?;
    }
    Ok(Outcome::Done)
}

fn table(releases: &[Release], is_current: impl Fn(&Release) -> bool) -> Table {
    let mut table = layout::table(["RELEASE", "COMMIT", "LAST DEPLOYED", "BY", ""]);
    for release in releases {
        let modified = if release.source.is_modified { " modified" } else { "" };
        let deployed = match release.deployments.last() {
            None => "never".to_owned(),
            Some(record) => match &record.ending {
                None => format!("{} unfinished", record.started_at.format("%Y-%m-%d %H:%M")),
                Some(ending) if ending.succeeded => ending.at.format("%Y-%m-%d %H:%M").to_string(),
                Some(ending) => format!("{} failed", ending.at.format("%Y-%m-%d %H:%M")),
            },
        };
        let by = release.deployments.last().map_or(&release.created_by, |record| &record.by);
        // The account and the kind of identity are the same for most deployments, so they are omitted.
        let by = by.rsplit(':').next().unwrap_or(by);
        let current = if is_current(release) { "deployed now" } else { "" };
        let commit = format!("{}{modified}", release.source.short());
        table.add_row([release.id.to_string(), commit, deployed, by.to_owned(), current.to_owned()]);
    }
    table
}
