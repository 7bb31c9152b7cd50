//! The times of signed URLs and of signatures alone, for each kind of key.
//!
//! `cargo xtask bench signing` runs it with the number of rounds as its argument, and compares the times with their
//! targets. It prints a JSON object: by kind of key, the times in seconds.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures by the monotonic clock")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1v15;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::Signer as _;
use serde_json::{Value, json};
use sha1::Sha1;
use signing::{BaseUrl, HashAlgorithm, Signer, SigningKey};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const URL: &str = "https://d111111abcdef8.cloudfront.net/O367/D1180/P9001/recording.parquet";

#[expect(clippy::print_stdout, reason = "the figures are the output of this program")]
fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let rounds = std::env::args().nth(1).ok_or("the argument is the number of rounds")?.parse()?;
    let random = SystemRandom::new();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let ec_der = ec.to_pkcs8v1()?;
    let ec_alone = || Ok(ec.sign(&random, URL.as_bytes())?);

    let rsa = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let rsa_der = AsDer::<Pkcs8V1Der<'_>>::as_der(&rsa)?;
    let rsa_alone = || {
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &random, URL.as_bytes(), &mut signature)?;
        Ok(signature)
    };
    // aws-lc-rs does not sign with RSA and SHA-1.
    let rsa_sha1 = pkcs1v15::SigningKey::<Sha1>::new(rsa::PrivateKey::from_pkcs8_der(rsa_der.as_ref())?);
    let rsa_sha1_alone = || Ok(rsa_sha1.try_sign(URL.as_bytes())?);

    let figures = json!({
        "ec_sha256": measure(rounds, ec_der.as_ref(), HashAlgorithm::Sha256, ec_alone)?,
        "ec_sha1": measure(rounds, ec_der.as_ref(), HashAlgorithm::Sha1, ec_alone)?,
        "rsa_sha256": measure(rounds, rsa_der.as_ref(), HashAlgorithm::Sha256, rsa_alone)?,
        "rsa_sha1": measure(rounds, rsa_der.as_ref(), HashAlgorithm::Sha1, rsa_sha1_alone)?,
    });
    println!("{figures}");
    Ok(())
}

/// Signs a URL, and calls `alone`, which only signs, by turns, so that other load affects both equally.
fn measure<T>(rounds: u32, der: &[u8], hash: HashAlgorithm, alone: impl Fn() -> Result<T>) -> Result<Value> {
    let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der));
    let signer = Signer::new(SigningKey::from_pem(&pem, Some(hash))?, "K1".to_owned());
    let url = BaseUrl::parse(URL)?;
    let (mut signed_urls, mut signatures) = (Vec::new(), Vec::new());
    for expires_at in 0..rounds {
        let start = Instant::now();
        black_box(signer.sign_url(&url, expires_at.into())?);
        let after_url = Instant::now();
        black_box(alone()?);
        signatures.push(after_url.elapsed().as_secs_f64());
        signed_urls.push((after_url - start).as_secs_f64());
    }
    Ok(json!({"signed_url": signed_urls, "signature": signatures}))
}
