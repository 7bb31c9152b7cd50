//! What a signature costs, by the kind of key.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use runtime::signing::{BaseUrl, HashAlgorithm, Signer, SigningKey};

use super::figure::Figures;
use crate::keys::{Algorithm, KeyPair};
use crate::terminal::Step;

const URLS: u32 = 10_000;
/// How many times faster EC over SHA-256 must be than RSA over SHA-1.
const EC_TO_RSA: f64 = 50.0;

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    let step = Step::begin("signing");
    let ec = sign_many(Algorithm::EcP256, None)?;
    let rsa_sha256 = sign_many(Algorithm::Rsa2048, Some(HashAlgorithm::Sha256))?;
    let rsa_sha1 = sign_many(Algorithm::Rsa2048, Some(HashAlgorithm::Sha1))?;
    step.done(format!("{URLS} URLs with each kind of key"));
    for (kind, time) in
        [("EC P-256, SHA-256", ec), ("RSA 2048, SHA-256", rsa_sha256), ("RSA 2048, SHA-1", rsa_sha1)]
    {
        let microseconds = time.as_secs_f64() * 1e6 / f64::from(URLS);
        figures.note(format!("a signed URL, {kind}"), format!("{microseconds:.1} µs"));
    }
    figures.at_least(
        "EC is faster than RSA over SHA-1",
        rsa_sha1.as_secs_f64() / ec.as_secs_f64(),
        EC_TO_RSA,
    );
    Ok(())
}

fn sign_many(algorithm: Algorithm, hash: Option<HashAlgorithm>) -> Result<Duration> {
    let key = KeyPair::generate(algorithm)?;
    let signer = Signer::new(SigningKey::from_pem(key.private_pem(), hash)?, "K1".to_owned());
    let url = BaseUrl::parse("https://d111111abcdef8.cloudfront.net/O367/D1180/P9001/recording.parquet")
        .context("the URL that is signed is none")?;
    let start = Instant::now();
    for expires_at in 0..URLS {
        black_box(signer.sign_url(&url, expires_at.into())?);
    }
    Ok(start.elapsed())
}
