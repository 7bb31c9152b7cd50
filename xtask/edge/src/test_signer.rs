//! A signer for tests, with different code than the API function.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePrivateKey as _;

use super::policy;
use super::signature::HashAlgorithm;

/// A key pair with the digest for its signatures.
pub(crate) struct TestSigner {
    key: &'static Key,
    pub(crate) hash: HashAlgorithm,
}

enum Key {
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl TestSigner {
    /// Returns a signer with a P-256 key, generated once per test run.
    ///
    /// The library supports only SHA-256 with it.
    pub(crate) fn ecdsa() -> Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        let key =
            KEY.get_or_init(|| Key::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()));
        Self { key, hash: HashAlgorithm::Sha256 }
    }

    /// Returns a signer with an RSA key of 2048 bits, generated once per test run.
    pub(crate) fn rsa(hash: HashAlgorithm) -> Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        let key = KEY.get_or_init(|| Key::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())));
        Self { key, hash }
    }

    pub(crate) fn public_key_pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match self.key {
            Key::Ecdsa(key) => key.public_key().as_der().unwrap(),
            Key::Rsa(key) => key.public_key().as_der().unwrap(),
        };
        let body = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match (self.key, self.hash) {
            (Key::Ecdsa(key), _) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            (Key::Rsa(key), HashAlgorithm::Sha256) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            (Key::Rsa(key), HashAlgorithm::Sha1) => sign_rsa_sha1(key, message),
        }
    }

    /// Returns a signed URL with a canned policy.
    ///
    /// The order of its parameters is that of AWS's signers.
    pub(crate) fn canned_url(&self, key_pair_id: &str, url: &str, expires: i64) -> String {
        let signature = encode_base64(&self.sign(policy::canned(url, expires).as_bytes()));
        let separator = if url.contains('?') { '&' } else { '?' };
        let hash = match self.hash {
            HashAlgorithm::Sha1 => "",
            HashAlgorithm::Sha256 => "&Hash-Algorithm=SHA256",
        };
        format!("{url}{separator}Expires={expires}&Signature={signature}&Key-Pair-Id={key_pair_id}{hash}")
    }
}

/// Signs with PKCS #1 v1.5 over SHA-1.
///
/// The prefix is the DER of its `DigestInfo` (RFC 8017, section 9.2).
fn sign_rsa_sha1(key: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    const DIGEST_INFO: [u8; 15] =
        [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let key = rsa::PrivateKey::from_pkcs8_der(der.as_ref()).unwrap();
    let mut hashed = DIGEST_INFO.to_vec();
    hashed.extend_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, message).as_ref());
    key.sign(rsa::Pkcs1v15Sign::new_unprefixed(), &hashed).unwrap()
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}
