//! `cargo xtask smoke`: reads a deployed environment as its clients do.

mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use command_line::terminal::{Palette, TerminalProgress};
use command_line::{EnvironmentArgument, Outcome, output};
use deploy::deployed_stack::DeployedStack;
use machine::{LOCAL_ENVIRONMENT, workspace};
use serde::Deserialize;
use smoke::{Check, Subject, Token};
use stack::{Environment, OutputName};

use crate::connect::{connect, read_stack_file};

/// Options of `smoke`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// Node ID of a dataset that the user of the token may view. For `local`, the demo dataset.
    #[arg(long, value_name = "ID")]
    dataset: Option<String>,
    /// Node ID of a package with viewer assets. For `local`, the demo package.
    #[arg(long, value_name = "ID")]
    package: Option<String>,
    /// Path of a Parquet file among its assets. For `local`, the demo file.
    #[arg(long, value_name = "PATH")]
    parquet: Option<String>,
    /// Path of a Zarr group or array among its assets. For `local`, the demo image.
    #[arg(long, value_name = "PATH")]
    zarr: Option<String>,
    /// A file with an access token. Without it, the variable `PACKAGES_TOKEN` has the token. For `local`, that of the demo
    /// user `viewer`.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The parts of `stack.json` that are read.
#[derive(Deserialize)]
struct DemoData {
    api_url: String,
    dataset_id: String,
    packages: BTreeMap<String, String>,
    assets: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let subject = subject(&environment, &arguments).await?;
    let checks = smoke::run(&subject, &workspace::tools(), &TerminalProgress).await?;
    if arguments.json {
        output::print(serde_json::to_string_pretty(&checks)?)?;
    } else {
        output::print(text::table(&checks, Palette::for_output()))?;
    }
    Ok(if checks.iter().any(Check::has_failed) { Outcome::Differences } else { Outcome::Done })
}

async fn subject(environment: &Environment, arguments: &Arguments) -> Result<Subject> {
    let demo: Option<DemoData> =
        if environment.name.as_str() == LOCAL_ENVIRONMENT { Some(read_stack_file()?) } else { None };
    let given_token = token(arguments)?;
    let named = |given: &Option<String>, demo: Option<&String>, option: &str| {
        let value = given.clone().or_else(|| demo.cloned());
        value.with_context(|| format!("pass {option}: an environment on AWS has no demo data"))
    };
    let of_demo = |find: fn(&DemoData) -> Option<&String>| demo.as_ref().and_then(find);
    let api_url = if let Some(demo) = &demo {
        demo.api_url.clone()
    } else {
        let client = connect(environment).await?.cloudformation();
        DeployedStack::get(&client, environment).await?.outputs.get(OutputName::ApiUrl)?.to_owned()
    };
    let token =
        given_token.or_else(|| of_demo(|demo| demo.tokens.get("viewer")).map(|token| Token::new(token)));
    Ok(Subject {
        api_url: api_url
            .parse()
            .with_context(|| format!("the address of the API, {api_url}, is not a URL"))?,
        token: token
            .context("pass --token-file, or set PACKAGES_TOKEN to an access token of the platform")?,
        dataset: named(&arguments.dataset, of_demo(|demo| Some(&demo.dataset_id)), "--dataset")?,
        package: named(&arguments.package, of_demo(|demo| demo.packages.get("viewer")), "--package")?,
        parquet: named(&arguments.parquet, of_demo(|demo| demo.assets.get("parquet")), "--parquet")?,
        zarr: arguments.zarr.clone().or_else(|| of_demo(|demo| demo.assets.get("zarr")).cloned()),
        api_origins: environment.cors_origins.iter().map(ToString::to_string).collect(),
    })
}

/// Returns the token that the user gave. It is never an argument, because other users can read those.
fn token(arguments: &Arguments) -> Result<Option<Token>> {
    if let Some(path) = &arguments.token_file {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read the token in {}", path.display()))?;
        if text.trim().is_empty() {
            bail!("{} has no token", path.display());
        }
        return Ok(Some(Token::new(&text)));
    }
    let variable = std::env::var("PACKAGES_TOKEN").ok().filter(|token| !token.trim().is_empty());
    Ok(variable.map(|token| Token::new(&token)))
}
