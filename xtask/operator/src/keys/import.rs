//! `cargo xtask keys import`: imports a key that was generated elsewhere.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use command_line::{EnvironmentArgument, Outcome, terminal};
use deploy::command_for;
use deploy::keys::{KeyPair, import};
use zeroize::Zeroizing;

use crate::connect::connect;

/// The maximum size of the file, much larger than any private key.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// Options of `keys import`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The private key: a PEM file, or `-` for standard input. RSA with 2048 bits or EC P-256, not encrypted.
    pem: PathBuf,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let path = arguments.pem.display().to_string();
    let read = tokio::task::spawn_blocking(move || read(&arguments.pem));
    let text =
        read.await.context("reading was interrupted")?.with_context(|| format!("cannot read {path}"))?;
    let key = KeyPair::from_pem(&text).with_context(|| format!("{path} is not imported"))?;
    drop(text);

    let connection = connect(&environment).await?;
    let is_first = import(&environment, &connection, &key).await?;
    terminal::say(if is_first {
        format!("CloudFront trusts it after the next {}.", command_for(&environment.name, "deploy"))
    } else {
        format!("To activate it, run {}.", command_for(&environment.name, "keys rotate"))
    });
    if path != "-" {
        terminal::say(format!("It is in the Parameter Store now: {path} is no longer needed; delete it."));
    }
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(File::open(path)?) };
    let count = source.take(MAXIMUM_BYTES + 1).read_to_string(&mut text)?;
    if count as u64 > MAXIMUM_BYTES {
        bail!("it has more than {MAXIMUM_BYTES} bytes, more than any private key");
    }
    Ok(text)
}
