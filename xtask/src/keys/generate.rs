//! Generating keys.

use anyhow::{Result, anyhow};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use stack::Fingerprint;
use zeroize::Zeroizing;

use super::ring::Algorithm;
use crate::build::sha256;

/// A new key. Deliberately neither `Debug` nor `Display`.
pub(crate) struct KeyPair {
    fingerprint: Fingerprint,
    private_pem: Zeroizing<String>,
    public_pem: String,
}

impl KeyPair {
    /// Generate a key of this kind.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = |_| anyhow!("the cryptographic library could not generate a key");
        match algorithm {
            Algorithm::EcP256 => {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
                let private = key.to_pkcs8v1().map_err(failed)?;
                let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
                Self::from_der(private.as_ref(), public.as_ref())
            }
            Algorithm::Rsa2048 => {
                let key = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let private: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed)?;
                Self::from_der(private.as_ref(), public.as_ref())
            }
        }
    }

    /// The fingerprint is the first 12 hexadecimal digits of the SHA-256 of the public key's DER.
    fn from_der(private: &[u8], public: &[u8]) -> Result<Self> {
        Ok(Self {
            fingerprint: sha256(public)[..12].parse()?,
            private_pem: Zeroizing::new(pem::encode(&pem::Pem::new("PRIVATE KEY", private))),
            public_pem: pem::encode(&pem::Pem::new("PUBLIC KEY", public)),
        })
    }

    pub(super) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(super) fn public_pem(&self) -> &str {
        &self.public_pem
    }

    pub(crate) fn private_pem(&self) -> &str {
        &self.private_pem
    }
}

#[cfg(test)]
mod tests {
    use runtime::signing::SigningKey;

    use super::{Algorithm, KeyPair};

    #[test]
    fn generated_keys_sign_and_can_be_deployed() {
        for algorithm in [Algorithm::EcP256, Algorithm::Rsa2048] {
            let key = KeyPair::generate(algorithm).unwrap();
            assert!(SigningKey::from_pem(key.private_pem(), None).unwrap().sign(b"policy").is_ok());
            assert!(stack::SigningKey::new(key.fingerprint().clone(), 0, key.public_pem()).is_ok());
        }
    }
}
