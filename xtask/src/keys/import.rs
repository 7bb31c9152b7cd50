//! `cargo xtask keys import`

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use stack::MAXIMUM_KEYS;
use zeroize::Zeroizing;

use super::key_pair::KeyPair;
use super::rotation::enlist;
use super::store::KeyStore;
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, terminal};

/// Much more than any private key takes.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// Options of `keys import`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The private key: a PEM file, or `-` for standard input. RSA with 2048 bits or EC P-256, not encrypted.
    pem: PathBuf,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let shown = arguments.pem.display().to_string();
    let read = tokio::task::spawn_blocking(move || read(&arguments.pem));
    let text =
        read.await.context("reading was interrupted")?.with_context(|| format!("cannot read {shown}"))?;
    let key = KeyPair::from_pem(&text).with_context(|| format!("{shown} is not imported"))?;
    drop(text);

    let connection = aws::connect(&environment).await?;
    let store = KeyStore::new(&connection.configuration, &environment);
    let stored = store.ring().await?;
    if let Some(entry) = stored.ring.get(key.fingerprint()) {
        bail!(
            "this key is in the key ring already, as {}; its fingerprint is {}",
            entry.state,
            entry.fingerprint
        );
    }
    if let Some(next) = stored.ring.next() {
        bail!(
            "{0} is to be the next key already; have it take over with `cargo xtask keys rotate --env {1}`, or drop \
             it with `cargo xtask keys retire {0} --env {1}`",
            next.fingerprint,
            environment.name
        );
    }
    if stored.ring.entries().len() >= MAXIMUM_KEYS {
        bail!("there are {MAXIMUM_KEYS} keys, as many as CloudFront trusts; retire one first");
    }
    let step = terminal::Step::begin("signing key");
    store.put_key_pair(&key).await?;
    enlist(&store, &stored, &stored.ring, &key, store.now()?).await?;
    step.done(format!("{} {} imported", key.algorithm(), key.fingerprint()));
    terminal::say(if stored.ring.is_empty() {
        format!("The next `cargo xtask deploy --env {}` makes CloudFront trust it.", environment.name)
    } else {
        format!("`cargo xtask keys rotate --env {}` has it take over.", environment.name)
    });
    if shown != "-" {
        terminal::say(format!(
            "It is in the Parameter Store now: {shown} is not needed any more; delete it."
        ));
    }
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(File::open(path)?) };
    let count = source.take(MAXIMUM_BYTES + 1).read_to_string(&mut text)?;
    if count as u64 > MAXIMUM_BYTES {
        bail!("it has more than {MAXIMUM_BYTES} bytes, which no private key has");
    }
    Ok(text)
}
