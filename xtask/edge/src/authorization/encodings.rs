//! Signed URLs whose parameters are percent-encoded in other ways than the signer wrote them.

use proptest::prelude::*;

use super::Denial;
use super::tests::{KEY, ask, case};
use crate::policy;
use crate::signature::HashAlgorithm;
use crate::test_signer::{TestSigner, encode_base64};

/// Encodes the bytes of a value that `choices` selects, with digits in upper or lower case.
fn encode(value: &str, choices: &[u8]) -> String {
    let encode = |(byte, choice): (u8, &u8)| match choice % 3 {
        0 => char::from(byte).to_string(),
        1 => format!("%{byte:02X}"),
        _ => format!("%{byte:02x}"),
    };
    value.bytes().zip(choices.iter().cycle()).map(encode).collect()
}

/// Returns the URL with each value of its query encoded.
fn encode_values(url: &str, choices: &[u8]) -> String {
    let (base, query) = url.split_once('?').unwrap();
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        format!("{name}={}", encode(value, choices))
    });
    format!("{base}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Signs a custom policy for a folder.
fn custom_url(signer: &TestSigner, url: &str, expires: i64) -> String {
    let policy = policy::canned("http://h/P1/*", expires);
    let (policy, signature) =
        (encode_base64(policy.as_bytes()), encode_base64(&signer.sign(policy.as_bytes())));
    format!("{url}?Policy={policy}&Signature={signature}&Key-Pair-Id={KEY}&Hash-Algorithm=SHA256")
}

proptest! {
    #[test]
    fn every_encoding_of_the_same_parameters_gives_the_same_decision(
        choices in proptest::collection::vec(any::<u8>(), 1..40),
        is_custom: bool,
        url in prop::sample::select(vec!["http://h/P1/a", "http://h/P2/a"]),
        time in prop::sample::select(vec![99, 100]),
        change in prop::sample::select(vec![("", ""), ("=K1", "=K2"), ("SHA256", "SHA1"), ("Signature=", "Signature=A")]),
    ) {
        let case = case(TestSigner::ecdsa());
        let signed = if is_custom {
            custom_url(&case.signer, url, 100)
        } else {
            case.signer.canned_url(KEY, url, 100)
        };
        let signed = signed.replace(change.0, change.1);
        let plain = ask(&case.keys, &signed, time);
        prop_assert_eq!(ask(&case.keys, &encode_values(&signed, &choices), time), plain);
        let is_allowed = time < 100 && change.0.is_empty() && (!is_custom || url.contains("P1"));
        prop_assert_eq!(plain.is_ok(), is_allowed);
    }
}

#[test]
fn tilde_of_url_search_params_opens() {
    let case = case(TestSigner::rsa(HashAlgorithm::Sha1));
    let signed = case.signer.canned_url(KEY, "http://h/a", 100).replace('~', "%7E");
    assert_eq!(ask(&case.keys, &signed, 1), Ok(()));
}

#[test]
fn anything_but_one_encoding_of_a_documented_parameter_is_rejected() {
    let case = case(TestSigner::ecdsa());
    let signed = case.signer.canned_url(KEY, "http://h/a", 100);
    let signature = signed.split_once("Signature=").unwrap().1.split_once('&').unwrap().0;
    let twice_encoded = encode(signature, &[1]).replace('%', "%25");
    for (from, to, denial) in [
        (signature, twice_encoded.as_str(), Denial::MalformedSignature),
        (signature, &format!("{signature}%"), Denial::MalformedSignature),
        (signature, &format!("{signature}%4"), Denial::MalformedSignature),
        (signature, &format!("{signature}%ZZ"), Denial::MalformedSignature),
        (signature, &format!("+{signature}"), Denial::MalformedSignature),
        (signature, &format!("%20{signature}"), Denial::MalformedSignature),
        ("Key-Pair-Id=K1", "Key-Pair-Id=K1%", Denial::InvalidKey),
        ("Key-Pair-Id=K1", "Key-Pair-Id=K1%FF", Denial::InvalidKey),
        ("Key-Pair-Id=K1", "Key-Pair-Id=+K1", Denial::InvalidKey),
        ("Key-Pair-Id=K1", "Key%2DPair%2DId=K1", Denial::MissingKey),
        ("Key-Pair-Id=K1", "key-pair-id=K1", Denial::MissingKey),
        ("Expires=100", "Expires=+100", Denial::MalformedPolicy),
        ("Expires=100", "Expires=%2B100", Denial::MalformedPolicy),
        ("Expires=100", "Expires=0100", Denial::MalformedPolicy),
        ("Expires=100", "Expires=100%", Denial::MalformedPolicy),
        ("Expires=100", "Expires=100%20", Denial::MalformedPolicy),
        ("Expires=100", "%45xpires=100", Denial::MalformedPolicy),
        ("Expires=100", "Policy=%", Denial::MalformedPolicy),
        ("Expires=100", "Expires=100&Expires=%31%30%30", Denial::AccessDenied),
        ("Hash-Algorithm=SHA256", "Hash-Algorithm=SHA256%", Denial::AccessDenied),
        ("Hash-Algorithm=SHA256", "Hash-Algorithm=SHA256&Hash-Algorithm=SHA256", Denial::AccessDenied),
        ("Hash-Algorithm=SHA256", "Hash%2DAlgorithm=SHA256", Denial::AccessDenied),
    ] {
        assert_eq!(ask(&case.keys, &signed.replace(from, to), 1), Err(denial), "{to}");
    }
}
