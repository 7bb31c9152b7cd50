//! Measures the signatures of each kind of key.

use anyhow::{Context, Result};
use command_line::terminal::Step;
use deploy::build::AWS_LC_TABLES;
use machine::command;
use serde::Deserialize;

use super::Effort;
use super::figure::{Figure, Figures};
use super::unit::Unit;

const ROUNDS: usize = 1_000;
/// The longest time of a signed URL, as a multiple of that of the signature alone.
const SIGNED_URL_TO_SIGNATURE: f64 = 1.5;
/// The longest time of EC over SHA-1, as a multiple of that over SHA-256.
const EC_SHA1_TO_SHA256: f64 = 3.0;
/// The longest time of EC over SHA-256, as a share of that of RSA over SHA-1.
const EC_TO_RSA: f64 = 0.02;

/// The output of `runtime/bench/benches/signing.rs`.
#[derive(Deserialize)]
struct Measured {
    ec_sha256: Times,
    ec_sha1: Times,
    rsa_sha256: Times,
    rsa_sha1: Times,
}

/// Times in seconds, measured by turns.
#[derive(Deserialize)]
struct Times {
    /// The times to sign a URL.
    signed_url: Vec<f64>,
    /// The times of the signature alone.
    signature: Vec<f64>,
}

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let step = Step::begin("signing, in a release build");
    let rounds = effort.rounds(ROUNDS);
    let mut command = command::cargo();
    command.args(["bench", "--quiet", "--package", "bench", "--bench", "signing", "--"]);
    command.arg(rounds.to_string()).env(AWS_LC_TABLES.0, AWS_LC_TABLES.1);
    let printed = command::output(&mut command.into()).await?;
    let measured: Measured =
        serde_json::from_slice(&printed).context("runtime/bench/benches/signing.rs printed other figures")?;
    step.done(format!("{rounds} URLs with each kind of key"));
    let Measured { ec_sha256, ec_sha1, rsa_sha256, rsa_sha1 } = measured;
    let ratio = |name, ratios| Figure::new(name, Unit::Times, ratios);
    let ratios = [
        ratio("EC over SHA-1, to SHA-256", ec_sha1.to(&ec_sha256)).target(EC_SHA1_TO_SHA256),
        // No target: the crate `rsa` signs the former, and aws-lc the latter with what the processor has for it.
        ratio("RSA over SHA-1, to SHA-256", rsa_sha1.to(&rsa_sha256)),
        ratio("EC over SHA-256, to RSA over SHA-1", ec_sha256.to(&rsa_sha1)).target(EC_TO_RSA),
    ];
    let keys = [
        ("EC P-256, SHA-256", ec_sha256),
        ("EC P-256, SHA-1", ec_sha1),
        ("RSA 2048, SHA-256", rsa_sha256),
        ("RSA 2048, SHA-1", rsa_sha1),
    ];
    for (key, times) in keys {
        let figure = Figure::new(format!("a signed URL, {key}"), Unit::Seconds, times.signed_url);
        let figure = figure.limited_by("the signature alone", times.signature);
        figures.add(figure.target_multiple_of_limit(SIGNED_URL_TO_SIGNATURE));
    }
    for figure in ratios {
        figures.add(figure);
    }
    Ok(())
}

impl Times {
    /// Returns the times of signed URLs as multiples of those with another key.
    fn to(&self, other: &Self) -> Vec<f64> {
        self.signed_url.iter().zip(&other.signed_url).map(|(one, other)| one / other).collect()
    }
}
