//! Key pairs that are generated, read back, or imported.

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use signing::SigningKey;
use stack::Fingerprint;
use zeroize::Zeroizing;

use super::ring::Algorithm;
use crate::build::sha256;

/// A key pair. It deliberately implements neither `Debug` nor `Display`.
pub struct KeyPair {
    algorithm: Algorithm,
    fingerprint: Fingerprint,
    private_pem: Zeroizing<String>,
    public_pem: String,
}

impl KeyPair {
    /// Generates a key pair.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = |_| anyhow!("the cryptographic library could not generate a key");
        match algorithm {
            Algorithm::EcP256 => {
                Self::from_ec(&EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?)
            }
            Algorithm::Rsa2048 => Self::from_rsa(&rsa::KeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
        }
    }

    /// Reads a private key in any encoding that [`SigningKey`] supports.
    ///
    /// The key is converted to the encoding that [`KeyPair::generate`] uses.
    pub fn from_pem(text: &str) -> Result<Self> {
        // This rejects keys that CloudFront does not support, with a specific error.
        SigningKey::from_pem(text, None)?;
        let mut blocks = pem::parse_many(text)?.into_iter().filter(|block| block.tag() != "EC PARAMETERS");
        let block = blocks.next().context("there is no key in this PEM")?;
        let encoding = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        let ec = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let unreadable = || anyhow!("the cryptographic library cannot read this key");
        match encoding.as_str() {
            "EC PRIVATE KEY" => {
                let key = EcdsaKeyPair::from_private_key_der(ec, &der).map_err(|_| unreadable())?;
                Self::from_ec(&key)
            }
            "RSA PRIVATE KEY" => Self::from_rsa(&rsa::KeyPair::from_der(&der).map_err(|_| unreadable())?),
            _ => match EcdsaKeyPair::from_pkcs8(ec, &der) {
                Ok(key) => Self::from_ec(&key),
                Err(_) => Self::from_rsa(&rsa::KeyPair::from_pkcs8(&der).map_err(|_| unreadable())?),
            },
        }
    }

    fn from_ec(key: &EcdsaKeyPair) -> Result<Self> {
        let private = key.to_pkcs8v1().map_err(not_encoded)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(not_encoded)?;
        Self::from_der(Algorithm::EcP256, private.as_ref(), public.as_ref())
    }

    fn from_rsa(key: &rsa::KeyPair) -> Result<Self> {
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(not_encoded)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(not_encoded)?;
        Self::from_der(Algorithm::Rsa2048, private.as_ref(), public.as_ref())
    }

    fn from_der(algorithm: Algorithm, private: &[u8], public: &[u8]) -> Result<Self> {
        Ok(Self {
            algorithm,
            fingerprint: fingerprint_of_der(public)?,
            private_pem: Zeroizing::new(pem::encode(&pem::Pem::new("PRIVATE KEY", private))),
            public_pem: pem::encode(&pem::Pem::new("PUBLIC KEY", public)),
        })
    }

    /// Returns the algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the fingerprint.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Returns the public key as PEM.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// Returns the private key as PEM.
    pub fn private_pem(&self) -> &str {
        &self.private_pem
    }
}

/// Returns the fingerprint of a public key in PEM.
pub(super) fn fingerprint_of(public_pem: &str) -> Result<Fingerprint> {
    fingerprint_of_der(pem::parse(public_pem).context("this public key is not PEM")?.contents())
}

/// Returns the first 12 hexadecimal digits of the SHA-256 of the public key's DER.
fn fingerprint_of_der(public: &[u8]) -> Result<Fingerprint> {
    Ok(sha256(public)[..12].parse()?)
}

fn not_encoded(_: aws_lc_rs::error::Unspecified) -> anyhow::Error {
    anyhow!("the cryptographic library could not encode the key")
}

#[cfg(test)]
mod tests;
