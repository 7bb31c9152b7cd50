//! Measures the signatures of each kind of key.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result};
use command_line::terminal::Step;
use deploy::keys::{Algorithm, KeyPair};
use runtime::signing::{BaseUrl, HashAlgorithm, Signer, SigningKey};

use super::figure::Figures;

const URLS: u32 = 10_000;
/// The minimum ratio of the speed of EC with SHA-256 to that of RSA with SHA-1.
const EC_TO_RSA: f64 = 50.0;
/// The maximum time of a signature with SHA-1, in microseconds.
const LONGEST_RSA_SHA1: f64 = 2_800.0;
const LONGEST_EC_SHA1: f64 = 200.0;

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    let step = Step::begin("signing");
    let ec_sha256 = microseconds(Algorithm::EcP256, HashAlgorithm::Sha256)?;
    let ec_sha1 = microseconds(Algorithm::EcP256, HashAlgorithm::Sha1)?;
    let rsa_sha256 = microseconds(Algorithm::Rsa2048, HashAlgorithm::Sha256)?;
    let rsa_sha1 = microseconds(Algorithm::Rsa2048, HashAlgorithm::Sha1)?;
    step.done(format!("{URLS} URLs with each kind of key"));
    let show = |microseconds: f64| format!("{microseconds:.1} µs");
    figures.note("a signed URL, EC P-256, SHA-256", show(ec_sha256));
    figures.at_most("a signed URL, EC P-256, SHA-1", ec_sha1, LONGEST_EC_SHA1, show);
    figures.note("a signed URL, RSA 2048, SHA-256", show(rsa_sha256));
    figures.at_most("a signed URL, RSA 2048, SHA-1", rsa_sha1, LONGEST_RSA_SHA1, show);
    figures.at_least("EC is faster than RSA over SHA-1", rsa_sha1 / ec_sha256, EC_TO_RSA);
    Ok(())
}

/// Returns the time to sign a URL, in microseconds.
fn microseconds(algorithm: Algorithm, hash: HashAlgorithm) -> Result<f64> {
    let key = KeyPair::generate(algorithm)?;
    let signer = Signer::new(SigningKey::from_pem(key.private_pem(), Some(hash))?, "K1".to_owned());
    let url = BaseUrl::parse("https://d111111abcdef8.cloudfront.net/O367/D1180/P9001/recording.parquet")
        .context("the URL that is signed is none")?;
    let start = Instant::now();
    for expires_at in 0..URLS {
        black_box(signer.sign_url(&url, expires_at.into())?);
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(URLS))
}
