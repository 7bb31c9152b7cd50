//! Signatures, verified by other code than the code that signs.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::{BaseUrl, HashAlgorithm, KeyError, Resource, Signer, SigningKey, canned_policy, custom_policy};

const URL: &str = "https://d1.cloudfront.net/O1/D2/P3/a%20b.parquet";

fn pem(tag: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(tag, der))
}

fn ec_pem() -> String {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    pem("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref())
}

fn rsa_pem(size: KeySize) -> String {
    let key = aws_lc_rs::rsa::KeyPair::generate(size).unwrap();
    pem("PRIVATE KEY", AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap().as_ref())
}

fn verify(algorithm: &'static dyn VerificationAlgorithm, public: &[u8], text: &str, signature: &str) {
    use base64::Engine;
    let standard: String = signature
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '=',
            '~' => '/',
            c => c,
        })
        .collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(standard).unwrap();
    UnparsedPublicKey::new(algorithm, public).verify(text.as_bytes(), &bytes).unwrap();
}

fn parameter<'a>(url: &'a str, name: &str) -> &'a str {
    let query = url.split_once('?').unwrap().1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap()
}

#[test]
fn canned_and_custom_signatures_verify_for_every_algorithm() {
    let rsa = rsa_pem(KeySize::Rsa2048);
    let sha1: &'static dyn VerificationAlgorithm = &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
    let cases: [(String, Option<HashAlgorithm>, &'static dyn VerificationAlgorithm); 6] = [
        (rsa.clone(), None, sha1),
        (rsa.clone(), Some(HashAlgorithm::Sha1), sha1),
        (rsa, Some(HashAlgorithm::Sha256), &RSA_PKCS1_2048_8192_SHA256),
        (ec_pem(), None, &ECDSA_P256_SHA256_ASN1),
        (ec_pem(), Some(HashAlgorithm::Sha256), &ECDSA_P256_SHA256_ASN1),
        (ec_pem(), Some(HashAlgorithm::Sha1), &ECDSA_P256_SHA1_ASN1),
    ];
    for (pem, hash, algorithm) in cases {
        let key = SigningKey::from_pem(&pem, hash).unwrap();
        let public = key.public_key_bytes();
        let subject = Signer::new(key, "K123".to_owned());

        let base = BaseUrl::parse(URL).unwrap();
        let url = subject.sign_url(&base, 1_800_000_000).unwrap().into_exposed();
        assert!(url.starts_with(&format!("{URL}?Expires=1800000000&Signature=")), "{url}");
        assert_eq!(parameter(&url, "Key-Pair-Id"), "K123");
        assert_eq!(
            url.ends_with("&Hash-Algorithm=SHA256"),
            subject.hash_algorithm() == HashAlgorithm::Sha256
        );
        verify(algorithm, &public, &canned_policy(&base, 1_800_000_000), parameter(&url, "Signature"));

        let below = BaseUrl::parse("https://d1.cloudfront.net/O1/D2/P3/").unwrap();
        let resource = Resource::everything_below(&below);
        let signed = subject.sign_policy(&resource, 1_800_000_000).unwrap();
        verify(algorithm, &public, &custom_policy(&resource, 1_800_000_000), &signed.signature);
        let url = subject.url_with_policy(&base, &signed).into_exposed();
        assert_eq!(parameter(&url, "Policy"), signed.policy);
    }
}

#[test]
fn url_keeps_its_own_query() {
    let subject = Signer::new(SigningKey::from_pem(&ec_pem(), None).unwrap(), "K1".to_owned());
    let base = BaseUrl::parse("https://d1.cloudfront.net/a?size=1").unwrap();
    let url = subject.sign_url(&base, 1).unwrap().into_exposed();
    assert!(url.starts_with("https://d1.cloudfront.net/a?size=1&Expires=1&Signature="), "{url}");
}

#[test]
fn key_that_cloudfront_does_not_accept_is_rejected_with_the_reason() {
    let error = |text: &str, hash| SigningKey::from_pem(text, hash).err().unwrap();
    assert!(matches!(error("no key", None), KeyError::NotPem));
    assert!(matches!(error(&pem("PUBLIC KEY", b"x"), None), KeyError::NotAPrivateKey(_)));
    assert!(matches!(error(&pem("CERTIFICATE", b"x"), None), KeyError::NotAPrivateKey(_)));
    assert!(matches!(error(&pem("ENCRYPTED PRIVATE KEY", b"x"), None), KeyError::Encrypted));
    assert!(matches!(error(&pem("PRIVATE KEY", b"x"), None), KeyError::Unsupported(_)));
    assert!(matches!(error(&rsa_pem(KeySize::Rsa4096), None), KeyError::Unsupported(_)));
    let truncated: String = ec_pem().lines().filter(|line| !line.starts_with("-----END")).collect();
    assert!(matches!(error(&truncated, None), KeyError::NotPem));
}
