//! Authorizes signed requests.

use std::collections::BTreeMap;

use super::credentials::Credentials;
use super::policy::{self, Access, Policy};
use super::signature::{HashAlgorithm, PublicKey, decode_base64};

/// The keys of all key groups that a behavior trusts, by public key id.
pub type TrustedKeys = BTreeMap<String, PublicKey>;

/// The reason why CloudFront rejects a request.
///
/// Codes and messages are those that CloudFront sends with status 403; see
/// <https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Neither the query string nor the cookies contain a key id.
    #[error("Missing Key-Pair-Id query parameter or cookie value")]
    MissingKey,
    /// The key is not in a key group that the behavior trusts.
    #[error("Unknown Key")]
    InvalidKey,
    /// The signature is not base64 in CloudFront's alphabet.
    #[error("Could not unencode Signature")]
    MalformedSignature,
    /// The policy is missing or does not have the documented format.
    #[error("Malformed Policy")]
    MalformedPolicy,
    /// All other reasons: wrong signature, expired, not yet valid, or another resource or address.
    #[error("Access denied")]
    AccessDenied,
}

impl Denial {
    /// Returns the `Code` of the error document.
    pub fn code(self) -> &'static str {
        match self {
            Self::MissingKey => "MissingKey",
            Self::InvalidKey => "InvalidKey",
            Self::MalformedSignature => "MalformedSignature",
            Self::MalformedPolicy => "MalformedPolicy",
            Self::AccessDenied => "AccessDenied",
        }
    }
}

/// Checks that a trusted key has signed a policy that allows this request.
pub fn authorize(keys: &TrustedKeys, credentials: &Credentials, access: Access<'_>) -> Result<(), Denial> {
    let present = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let key_pair_id = present(&credentials.key_pair_id).ok_or(Denial::MissingKey)?;
    if credentials.repeated {
        return Err(Denial::AccessDenied);
    }
    let key = keys.get(&key_pair_id).ok_or(Denial::InvalidKey)?;
    let signature = present(&credentials.signature).ok_or(Denial::AccessDenied)?;
    let signature = decode_base64(&signature).ok_or(Denial::MalformedSignature)?;
    let hash = match &credentials.hash_algorithm {
        None => HashAlgorithm::default(),
        Some(name) => HashAlgorithm::parse(name).ok_or(Denial::AccessDenied)?,
    };

    let (message, policy) = if let Some(encoded) = present(&credentials.policy) {
        let message = decode_base64(&encoded).ok_or(Denial::MalformedPolicy)?;
        let policy = Policy::parse(&message).ok_or(Denial::MalformedPolicy)?;
        (message, Some(policy))
    } else {
        let expires = present(&credentials.expires).ok_or(Denial::MalformedPolicy)?;
        let expires = parse_expires(&expires).ok_or(Denial::MalformedPolicy)?;
        if access.time >= expires {
            return Err(Denial::AccessDenied);
        }
        (policy::canned(access.url, expires).into_bytes(), None)
    };
    if !key.verifies(hash, &message, &signature) {
        return Err(Denial::AccessDenied);
    }
    match policy {
        Some(policy) if !policy.allows(access) => Err(Denial::AccessDenied),
        _ => Ok(()),
    }
}

/// Parses `Expires`, which is a part of the signed text: only digits, in the one form that a signer writes.
///
/// Whether CloudFront accepts a sign or leading zeros is not documented, so they are rejected.
fn parse_expires(text: &str) -> Option<i64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_canonical)
}

#[cfg(test)]
mod encodings;
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_signer::{TestSigner, encode_base64};

    pub(super) const KEY: &str = "K1";

    pub(super) struct Case {
        pub(super) keys: TrustedKeys,
        pub(super) signer: TestSigner,
    }

    pub(super) fn case(signer: TestSigner) -> Case {
        let key = PublicKey::from_pem(&signer.public_key_pem()).unwrap();
        Case { keys: TrustedKeys::from([(KEY.to_owned(), key)]), signer }
    }

    fn access(url: &str, time: i64) -> Access<'_> {
        Access { url, time, source: "127.0.0.1".parse().unwrap() }
    }

    /// Authorizes a request for a signed URL without cookies.
    pub(super) fn ask(keys: &TrustedKeys, signed_url: &str, time: i64) -> Result<(), Denial> {
        let (base, query) = signed_url.split_once('?').unwrap_or((signed_url, ""));
        let (credentials, rest) = Credentials::split_query(query);
        let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{rest}") };
        authorize(keys, &credentials, access(&url, time))
    }

    #[test]
    fn canned_policies_of_every_algorithm() {
        for signer in [
            TestSigner::ecdsa(),
            TestSigner::rsa(HashAlgorithm::Sha1),
            TestSigner::rsa(HashAlgorithm::Sha256),
        ] {
            let case = case(signer);
            for url in ["http://h:1/a%20b.parquet", "http://h:1/a?size=large&x=%2B"] {
                let signed = case.signer.canned_url(KEY, url, 100);
                assert_eq!(ask(&case.keys, &signed, 99), Ok(()), "{signed}");
                assert_eq!(ask(&case.keys, &signed, 100), Err(Denial::AccessDenied));
                let other = signed.replace("/a", "/b");
                assert_eq!(ask(&case.keys, &other, 99), Err(Denial::AccessDenied));
                let longer = signed.replace("Expires=100", "Expires=101");
                assert_eq!(ask(&case.keys, &longer, 99), Err(Denial::AccessDenied));
                let more = format!("{signed}&more=1");
                assert_eq!(ask(&case.keys, &more, 99), Err(Denial::AccessDenied));
                let twice = format!("{signed}&Expires=100");
                assert_eq!(ask(&case.keys, &twice, 99), Err(Denial::AccessDenied));
            }
        }
    }

    #[test]
    fn digest_other_than_the_named_one_is_rejected() {
        let case = case(TestSigner::rsa(HashAlgorithm::Sha256));
        let signed = case.signer.canned_url(KEY, "http://h/a", 100);
        assert_eq!(ask(&case.keys, &signed, 1), Ok(()));
        let unnamed = signed.replace("&Hash-Algorithm=SHA256", "");
        assert_eq!(ask(&case.keys, &unnamed, 1), Err(Denial::AccessDenied));
        let unknown = signed.replace("SHA256", "MD5");
        assert_eq!(ask(&case.keys, &unknown, 1), Err(Denial::AccessDenied));
    }

    #[test]
    fn custom_policy_allows_everything_below_its_prefix() {
        let case = case(TestSigner::ecdsa());
        let signed = |path: &str| {
            let policy = policy::canned("http://h/P1/*", 100);
            format!(
                "http://h{path}?Policy={}&Signature={}&Key-Pair-Id={KEY}&Hash-Algorithm=SHA256",
                encode_base64(policy.as_bytes()),
                encode_base64(&case.signer.sign(policy.as_bytes())),
            )
        };
        assert_eq!(ask(&case.keys, &signed("/P1/zarr/0.0"), 99), Ok(()));
        assert_eq!(ask(&case.keys, &signed("/P12/zarr"), 99), Err(Denial::AccessDenied));
        assert_eq!(ask(&case.keys, &signed("/P1/zarr"), 100), Err(Denial::AccessDenied));
    }

    #[test]
    fn denials_match_those_of_cloudfront() {
        let case = case(TestSigner::ecdsa());
        let signed = case.signer.canned_url(KEY, "http://h/a", 100);
        let rejected = |url: &str| ask(&case.keys, url, 1).unwrap_err();
        assert_eq!(rejected("http://h/a"), Denial::MissingKey);
        assert_eq!(rejected("http://h/a?Key-Pair-Id="), Denial::MissingKey);
        assert_eq!(rejected(&signed.replace("=K1", "=K2")), Denial::InvalidKey);
        assert_eq!(rejected(&signed.replace("Signature=", "Signature=%")), Denial::MalformedSignature);
        assert_eq!(rejected(&signed.replace("Expires=100", "Expires=soon")), Denial::MalformedPolicy);
        assert_eq!(rejected(&signed.replace("Expires=100", "Policy=AAAA")), Denial::MalformedPolicy);
        assert_eq!(rejected(&signed.replace("Expires=100&", "")), Denial::MalformedPolicy);
    }

    proptest! {
        #[test]
        fn change_of_any_byte_is_rejected(position in 0_usize..400, replacement in "[a-zA-Z0-9]") {
            let case = case(TestSigner::ecdsa());
            let signed = case.signer.canned_url(KEY, "http://h/O1/D2/P3/a.parquet", 1000);
            let position = position % signed.len();
            let mut altered = signed.clone();
            altered.replace_range(position..=position, &replacement);
            prop_assume!(altered != signed);
            prop_assert!(ask(&case.keys, &altered, 1).is_err(), "{}", altered);
        }
    }
}
