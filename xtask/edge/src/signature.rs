//! CloudFront signatures: keys, algorithms and base64 alphabet.
//!
//! This module is written from the documentation and uses another library call than the signer in the API function,
//! so that a mistake in the signer is detected instead of repeated.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The digest of a signature.
///
/// CloudFront uses SHA-1 for all URLs that do not name another digest in `Hash-Algorithm`, for RSA and ECDSA keys
/// alike. See
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// The default if the parameter is absent.
    #[default]
    Sha1,
    /// `Hash-Algorithm=SHA256`.
    Sha256,
}

impl HashAlgorithm {
    /// Parses the value of the parameter. Returns `None` for an unknown algorithm.
    pub fn parse(value: &str) -> Option<Self> {
        match value {
            "SHA1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// The reason why a public key of the distribution cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PublicKeyError {
    /// The text is not a public key in PEM.
    #[error("it is not a PEM public key (BEGIN PUBLIC KEY)")]
    NotPem,
    /// The key has an unsupported type: CloudFront accepts RSA from 2048 bits and ECDSA on P-256.
    #[error("it is neither an RSA key of 2048 to 8192 bits nor an ECDSA key on P-256")]
    Unsupported,
}

/// A public key for checking signatures, parsed once for each digest.
#[derive(Debug)]
pub struct PublicKey {
    sha1: ParsedPublicKey,
    sha256: ParsedPublicKey,
}

impl PublicKey {
    /// Parses the PEM text of an `AWS::CloudFront::PublicKey`.
    pub fn from_pem(pem: &str) -> Result<Self, PublicKeyError> {
        let body: String = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(PublicKeyError::NotPem)?
            .split_ascii_whitespace()
            .collect();
        let der = STANDARD.decode(body).map_err(|_| PublicKeyError::NotPem)?;
        Self::parsed(&der, &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, &RSA_PKCS1_2048_8192_SHA256)
            .or_else(|| Self::parsed(&der, &ECDSA_P256_SHA1_ASN1, &ECDSA_P256_SHA256_ASN1))
            .ok_or(PublicKeyError::Unsupported)
    }

    fn parsed(
        der: &[u8],
        sha1: &'static dyn VerificationAlgorithm,
        sha256: &'static dyn VerificationAlgorithm,
    ) -> Option<Self> {
        Some(Self {
            sha1: ParsedPublicKey::new(sha1, der).ok()?,
            sha256: ParsedPublicKey::new(sha256, der).ok()?,
        })
    }

    /// Returns whether `signature` is a valid signature of `message` by this key.
    pub fn verifies(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match hash {
            HashAlgorithm::Sha1 => &self.sha1,
            HashAlgorithm::Sha256 => &self.sha256,
        };
        key.verify_sig(message, signature).is_ok()
    }
}

/// Decodes base64 in CloudFront's alphabet: `-`, `_` and `~` instead of `+`, `=` and `/`.
///
/// This is not the URL-safe alphabet of RFC 4648, in which `_` stands for `/`.
pub fn decode_base64(value: &str) -> Option<Vec<u8>> {
    let standard: Option<String> = value
        .chars()
        .map(|character| match character {
            '-' => Some('+'),
            '_' => Some('='),
            '~' => Some('/'),
            '+' | '=' | '/' => None,
            other => Some(other),
        })
        .collect();
    STANDARD.decode(standard?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_signer::{TestSigner, encode_base64};

    fn every_signer() -> [TestSigner; 3] {
        [TestSigner::ecdsa(), TestSigner::rsa(HashAlgorithm::Sha1), TestSigner::rsa(HashAlgorithm::Sha256)]
    }

    #[test]
    fn only_what_the_key_signed_verifies() {
        for signer in every_signer() {
            let key = PublicKey::from_pem(&signer.public_key_pem()).unwrap();
            let signature = signer.sign(b"policy");
            let other_hash = match signer.hash {
                HashAlgorithm::Sha1 => HashAlgorithm::Sha256,
                HashAlgorithm::Sha256 => HashAlgorithm::Sha1,
            };
            assert!(key.verifies(signer.hash, b"policy", &signature));
            assert!(!key.verifies(signer.hash, b"Policy", &signature));
            assert!(!key.verifies(other_hash, b"policy", &signature));
            assert!(!key.verifies(signer.hash, b"policy", b""));
            for position in 0..signature.len() {
                let mut altered = signature.clone();
                altered[position] ^= 1;
                assert!(!key.verifies(signer.hash, b"policy", &altered));
            }
        }
    }

    /// Created with `openssl dgst -sha1 -sign`: no library here signs SHA-1 with an ECDSA key.
    #[test]
    fn ecdsa_over_sha1_verifies() {
        let key = PublicKey::from_pem(concat!(
            "-----BEGIN PUBLIC KEY-----\n",
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqk3qBncRuCqwJcFUWeBOiCPG2eDL\n",
            "KdbVNs0S6Fm4eFDFWMVhk3cr8OYj6iLt8OiomJax72U7CW3OWXqcQs8Mxw==\n",
            "-----END PUBLIC KEY-----\n",
        ))
        .unwrap();
        let signature = decode_base64(concat!(
            "MEQCIFDX23K736waDlf2TJEr3K21QPX0~J6TobstHrvEiGS4AiAwnblUV6Rmpfz2mt-",
            "5N-PWzl5NgwcbSEPqeOp1AY4E5Q__",
        ))
        .unwrap();
        assert!(key.verifies(HashAlgorithm::Sha1, b"policy", &signature));
        assert!(!key.verifies(HashAlgorithm::Sha256, b"policy", &signature));
        assert!(!key.verifies(HashAlgorithm::Sha1, b"another", &signature));
    }

    #[test]
    fn refuses_what_is_no_key() {
        assert!(matches!(PublicKey::from_pem("x"), Err(PublicKeyError::NotPem)));
        let text = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert!(matches!(PublicKey::from_pem(text), Err(PublicKeyError::Unsupported)));
    }

    proptest! {
        #[test]
        fn encoded_bytes_decode_to_themselves(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode_base64(&encode_base64(&bytes)), Some(bytes));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = decode_base64(&text);
        }
    }

    #[test]
    fn base64_alphabet_is_that_of_cloudfront() {
        assert_eq!(decode_base64("-~-~"), Some(vec![0xfb, 0xff, 0xbf]));
        assert_eq!(decode_base64("+/+/"), None);
        assert_eq!(decode_base64("AA__"), Some(vec![0]));
    }
}
