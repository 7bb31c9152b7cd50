//! `cargo xtask rights`: the rights of all identities in the local stack, compared with their uses.

mod recorded;
mod unused;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use command_line::{Outcome, layout, output, terminal};
use operator::connect::read_stack_file;
use rights::{RIGHTS_PATH, RightsReport};
use serde::Deserialize;

pub(crate) use recorded::RECORD;
use unused::UnusedRights;

/// How long a running stack may take to respond.
const LIMIT: Duration = Duration::from_secs(10);

/// Options of `rights`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Read what stacks that have ended recorded in the directories below this one, not what the running stack has used.
    #[arg(long, value_name = "DIRECTORY")]
    recorded: Option<PathBuf>,
    /// Exit with 3 if a right was not used and is not listed in stack/unused-rights.toml, or was used and is listed.
    #[arg(long)]
    check: bool,
    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
}

/// The address of the running stack.
#[derive(Deserialize)]
struct Stack {
    aws_endpoint_url: String,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let report = match &arguments.recorded {
        Some(directory) => recorded::read(directory).await?,
        None => of_running_stack().await?,
    };
    if arguments.json {
        output::print(serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report)?;
    }
    if !arguments.check {
        return Ok(Outcome::Done);
    }
    let problems = UnusedRights::read()?.problems(&report);
    for problem in &problems {
        terminal::report(problem);
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Differences })
}

async fn of_running_stack() -> Result<RightsReport> {
    let stack: Stack = read_stack_file()?;
    let client = reqwest::Client::builder().no_proxy().timeout(LIMIT).build()?;
    let url = format!("{}{RIGHTS_PATH}", stack.aws_endpoint_url);
    let response = client.get(url).send().await.context("the local stack does not answer")?;
    response.json().await.context("the local stack answered with something else than its rights")
}

/// Prints a line for each statement and for each rejected action.
fn print(report: &RightsReport) -> Result<()> {
    let counts = report.counts();
    let mut statements: BTreeMap<(&str, &str), Vec<(&str, u64)>> = BTreeMap::new();
    for (right, count) in &counts {
        let statement = statements.entry((&right.identity, &right.statement)).or_default();
        statement.push((&right.action, *count));
    }
    let mut table = layout::table(["IDENTITY", "STATEMENT", "USED", "NOT USED"]);
    for ((identity, statement), actions) in statements {
        let unused: Vec<&str> =
            actions.iter().filter(|(_, count)| *count == 0).map(|(action, _)| *action).collect();
        let used = format!("{} of {}", actions.len() - unused.len(), actions.len());
        table.add_row([identity, statement, &used, &unused.join(" ")]);
    }
    output::print(table)?;
    let refusals = report.refusals();
    if !refusals.is_empty() {
        let mut table = layout::table(["REFUSED", "ACTION", "RESOURCE", "TIMES"]);
        for (refused, count) in refusals {
            table.add_row([&refused.identity, &refused.action, &refused.statement, &count.to_string()]);
        }
        output::print(format!("\n{table}"))?;
    }
    Ok(())
}
