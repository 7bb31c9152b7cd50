//! Measures the signatures of each kind of key.

use anyhow::{Context, Result};
use command_line::terminal::Step;
use deploy::build::AWS_LC_TABLES;
use machine::command;
use serde::Deserialize;

use super::figure::Figures;

/// The maximum time of a signed URL, as a multiple of that of the signature alone.
const SIGNED_URL_TO_SIGNATURE: f64 = 1.5;
/// The maximum time of EC over SHA-1, as a multiple of that over SHA-256.
const EC_SHA1_TO_SHA256: f64 = 3.0;
/// The maximum time of RSA over SHA-1, as a multiple of that over SHA-256.
///
/// The crate `rsa` signs the former, and is four times as slow as aws-lc. Compiled for size it is eight times as slow.
const RSA_SHA1_TO_SHA256: f64 = 5.0;
/// The minimum speed of EC over SHA-256, as a multiple of that of RSA over SHA-1.
const EC_TO_RSA: f64 = 50.0;

/// The output of `runtime/bench/benches/signing.rs`.
#[derive(Deserialize)]
struct Measured {
    ec_sha256: Times,
    ec_sha1: Times,
    rsa_sha256: Times,
    rsa_sha1: Times,
}

/// Median times in microseconds.
#[derive(Clone, Copy, Deserialize)]
struct Times {
    /// The time to sign a URL.
    signed_url: f64,
    /// The time of the signature alone.
    signature: f64,
}

pub(super) async fn measure(figures: &mut Figures) -> Result<()> {
    let step = Step::begin("signing, in a release build");
    let mut command = command::cargo();
    command.args(["bench", "--quiet", "--package", "bench", "--bench", "signing"]);
    command.env(AWS_LC_TABLES.0, AWS_LC_TABLES.1);
    let printed = command::output(&mut command.into()).await?;
    let measured: Measured =
        serde_json::from_slice(&printed).context("runtime/bench/benches/signing.rs printed other figures")?;
    step.done("the median of 2,000 URLs with each kind of key");
    let show = |microseconds: f64| format!("{microseconds:.1} µs");
    let rows = [
        ("EC P-256, SHA-256", measured.ec_sha256),
        ("EC P-256, SHA-1", measured.ec_sha1),
        ("RSA 2048, SHA-256", measured.rsa_sha256),
        ("RSA 2048, SHA-1", measured.rsa_sha1),
    ];
    for (key, times) in rows {
        figures.note(format!("a signature alone, {key}"), show(times.signature));
        let limit = times.signature * SIGNED_URL_TO_SIGNATURE;
        figures.at_most(format!("a signed URL, {key}"), times.signed_url, limit, show);
    }
    let ratio = |one: Times, other: Times| one.signed_url / other.signed_url;
    let times = |ratio: f64| format!("{ratio:.1} ×");
    let (ec_sha1, rsa_sha1) =
        (ratio(measured.ec_sha1, measured.ec_sha256), ratio(measured.rsa_sha1, measured.rsa_sha256));
    figures.at_most("EC over SHA-1, to SHA-256", ec_sha1, EC_SHA1_TO_SHA256, times);
    figures.at_most("RSA over SHA-1, to SHA-256", rsa_sha1, RSA_SHA1_TO_SHA256, times);
    let ec_to_rsa = ratio(measured.rsa_sha1, measured.ec_sha256);
    figures
        .at_least("EC is faster than RSA over SHA-1", ec_to_rsa, EC_TO_RSA, |ratio| format!("{ratio:.0} ×"));
    Ok(())
}
