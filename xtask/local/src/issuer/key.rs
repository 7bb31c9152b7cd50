//! The key that signs the tokens.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::Serialize;
use serde_json::{Value, json};

/// The reason why the key cannot be created or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library failed.
    #[error("the token key could not be made or used")]
    Cryptography,
    /// The claims could not be serialized as JSON.
    #[error("could not write the claims as JSON")]
    Claims(#[from] serde_json::Error),
}

/// An RSA key of 2048 bits with its id.
pub(super) struct Key {
    pair: RsaKeyPair,
    id: String,
    modulus: String,
    exponent: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    pub(super) fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Cryptography)?;
        let der = pair.public_key().as_ref();
        let public = rsa::PublicKey::from_pkcs1_der(der).map_err(|_| KeyError::Cryptography)?;
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(digest(&SHA256, der)),
            modulus: URL_SAFE_NO_PAD.encode(public.n_bytes()),
            exponent: URL_SAFE_NO_PAD.encode(public.e_bytes()),
            pair,
        })
    }

    /// Returns the public key set.
    pub(super) fn jwks(&self) -> Value {
        json!({"keys": [{
            "alg": "RS256",
            "e": self.exponent,
            "kid": self.id,
            "kty": "RSA",
            "n": self.modulus,
            "use": "sig",
        }]})
    }

    /// Returns a signed JWT with these claims.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let header = json!({"kid": self.id, "alg": "RS256"}).to_string();
        let claims = serde_json::to_string(claims)?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| KeyError::Cryptography)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
