//! Private keys for CloudFront.

use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use openapi::HashAlgorithm;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha1::Sha1;

/// The only size of RSA keys that CloudFront accepts.
const RSA_MODULUS_BYTES: usize = 256;

/// A text is not a private key that can sign for CloudFront.
///
/// No message contains anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not PEM.
    #[error("this is not a PEM private key; expected a block such as BEGIN PRIVATE KEY")]
    NotPem,
    /// It is PEM of something else.
    #[error("this PEM holds `{0}`, not a private key")]
    NotAPrivateKey(String),
    /// It is encrypted with a passphrase.
    #[error("the private key is encrypted; decrypt it first, for example with `openssl pkey`")]
    Encrypted,
    /// It has another algorithm, curve or size, or is damaged.
    #[error("the key is damaged, or not one that CloudFront accepts (RSA 2048 or EC P-256): {0}")]
    Unsupported(&'static str),
    /// The cryptographic library could not sign.
    #[error("signing failed")]
    Signing,
}

/// A private key with the hash of its signatures.
///
/// It deliberately implements neither `Debug` nor `Display`.
pub struct SigningKey(Algorithm);

enum Algorithm {
    RsaSha1(Box<pkcs1v15::SigningKey<Sha1>>),
    RsaSha256(Box<RsaKeyPair>),
    EcSha1(Box<EcdsaKeyPair>),
    EcSha256(Box<EcdsaKeyPair>),
}

/// The encoding of a private key, which the PEM label states.
enum Encoding {
    Pkcs1,
    Pkcs8,
    Sec1,
}

impl SigningKey {
    /// Parses a PEM private key: RSA in PKCS#1 or PKCS#8, EC P-256 in SEC1 or PKCS#8.
    ///
    /// `hash` is the configured hash. The default is SHA-1 for RSA and SHA-256 for EC. EC with SHA-1 is for
    /// clients that drop `Hash-Algorithm` from the query.
    pub fn from_pem(text: &str, hash: Option<HashAlgorithm>) -> Result<Self, KeyError> {
        let blocks = pem::parse_many(text).map_err(|_| KeyError::NotPem)?;
        // `openssl ecparam -genkey` writes the parameters of the curve before the key.
        let block = blocks.iter().find(|block| block.tag() != "EC PARAMETERS").ok_or(KeyError::NotPem)?;
        let encoding = match block.tag() {
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.headers().get("DEK-Info").is_some() => {
                return Err(KeyError::Encrypted);
            }
            "RSA PRIVATE KEY" => Encoding::Pkcs1,
            "PRIVATE KEY" => Encoding::Pkcs8,
            "EC PRIVATE KEY" => Encoding::Sec1,
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            other => return Err(KeyError::NotAPrivateKey(other.to_owned())),
        };
        Self::from_der(block.contents(), &encoding, hash)
    }

    fn from_der(der: &[u8], encoding: &Encoding, hash: Option<HashAlgorithm>) -> Result<Self, KeyError> {
        match Self::rsa_key_pair(der, encoding) {
            Some(key) => Self::from_rsa(key, der, encoding, hash.unwrap_or(HashAlgorithm::Sha1)),
            None => Self::from_ec(der, encoding, hash.unwrap_or(HashAlgorithm::Sha256)),
        }
    }

    fn rsa_key_pair(der: &[u8], encoding: &Encoding) -> Option<RsaKeyPair> {
        match encoding {
            Encoding::Pkcs1 => RsaKeyPair::from_der(der).ok(),
            Encoding::Pkcs8 => RsaKeyPair::from_pkcs8(der).ok(),
            Encoding::Sec1 => None,
        }
    }

    fn from_rsa(
        key: RsaKeyPair,
        der: &[u8],
        encoding: &Encoding,
        hash: HashAlgorithm,
    ) -> Result<Self, KeyError> {
        if key.public_modulus_len() != RSA_MODULUS_BYTES {
            return Err(KeyError::Unsupported("an RSA key must have 2048 bits"));
        }
        match hash {
            HashAlgorithm::Sha256 => Ok(Self(Algorithm::RsaSha256(Box::new(key)))),
            // aws-lc-rs verifies RSA with SHA-1 but does not sign with it; the `rsa` crate does.
            HashAlgorithm::Sha1 => {
                let damaged = KeyError::Unsupported("the RSA key cannot be read");
                let key = match encoding {
                    Encoding::Pkcs1 => rsa::PrivateKey::from_pkcs1_der(der).map_err(|_| damaged)?,
                    Encoding::Pkcs8 | Encoding::Sec1 => {
                        rsa::PrivateKey::from_pkcs8_der(der).map_err(|_| damaged)?
                    }
                };
                Ok(Self(Algorithm::RsaSha1(Box::new(pkcs1v15::SigningKey::new(key)))))
            }
        }
    }

    fn from_ec(der: &[u8], encoding: &Encoding, hash: HashAlgorithm) -> Result<Self, KeyError> {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = match encoding {
            Encoding::Pkcs8 => EcdsaKeyPair::from_pkcs8(algorithm, der),
            Encoding::Sec1 => EcdsaKeyPair::from_private_key_der(algorithm, der),
            Encoding::Pkcs1 => return Err(KeyError::Unsupported("the RSA key cannot be read")),
        }
        .map_err(|_| KeyError::Unsupported("neither RSA nor EC P-256, or damaged"))?;
        Ok(Self(match hash {
            HashAlgorithm::Sha1 => Algorithm::EcSha1(Box::new(key)),
            HashAlgorithm::Sha256 => Algorithm::EcSha256(Box::new(key)),
        }))
    }

    /// Returns the hash of the signatures.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        match self.0 {
            Algorithm::RsaSha1(_) | Algorithm::EcSha1(_) => HashAlgorithm::Sha1,
            Algorithm::RsaSha256(_) | Algorithm::EcSha256(_) => HashAlgorithm::Sha256,
        }
    }

    /// Returns the public key: DER of PKCS#1 for RSA, the uncompressed point for EC.
    pub fn public_key_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Algorithm::RsaSha1(key) => {
                use rsa::pkcs1::EncodeRsaPublicKey;
                let key: &rsa::PrivateKey = key.as_ref().as_ref();
                key.to_public_key().to_pkcs1_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
            }
            Algorithm::RsaSha256(key) => key.public_key().as_ref().to_vec(),
            Algorithm::EcSha1(key) | Algorithm::EcSha256(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// Signs the text of a policy: PKCS#1 v1.5 for RSA, ASN.1 DER for EC.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Algorithm::RsaSha1(key) => {
                let signature = key.try_sign(message).map_err(|_| KeyError::Signing)?;
                Ok(signature.to_vec())
            }
            Algorithm::RsaSha256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| KeyError::Signing)?;
                Ok(signature)
            }
            Algorithm::EcSha1(key) => {
                let hashed = sha1_for_p256(message).map_err(|_| KeyError::Signing)?;
                let signature = key.sign_digest(&hashed).map_err(|_| KeyError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
            Algorithm::EcSha256(key) => {
                let signature = key.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// Returns the SHA-1 of a message as a digest for a P-256 key.
///
/// ECDSA reads a digest as a number. A digest that is shorter than the order of the curve is read as a whole,
/// so leading zeros change nothing: <https://datatracker.ietf.org/doc/html/rfc6979#section-2.3.2>. aws-lc-rs
/// verifies ECDSA with SHA-1, but signs only digests of the length of SHA-256.
fn sha1_for_p256(message: &[u8]) -> Result<Digest, Unspecified> {
    let hashed = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let mut number = [0; 32];
    number[32 - hashed.as_ref().len()..].copy_from_slice(hashed.as_ref());
    Digest::import_less_safe(&number, &SHA256)
}
