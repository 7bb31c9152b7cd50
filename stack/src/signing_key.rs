//! Signing keys: what the stack has to know of them, and where their parameters are.
//!
//! A private key never comes here. It is a SecureString that the API function reads by its path.

use std::collections::BTreeSet;

use crate::environment::{Environment, words};

/// How many keys can be trusted at the same time: as many as a key group takes,
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>.
pub const MAXIMUM_KEYS: usize = 5;
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

words! {
    /// The first 12 hexadecimal digits of the SHA-256 of a public key in DER.
    Fingerprint: "a fingerprint: 12 small hexadecimal digits",
        |text| text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
}

/// A key that signed URLs are trusted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    fingerprint: Fingerprint,
    created_at: u64,
    public_key_pem: String,
}

impl SigningKey {
    /// A key, from its public half in PEM and the time it was made, in Unix seconds.
    ///
    /// The PEM is brought into one form, since a line break more would be another key to CloudFormation, and
    /// CloudFront cannot change a key: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/924>.
    pub fn new(
        fingerprint: Fingerprint,
        created_at: u64,
        public_key_pem: &str,
    ) -> Result<Self, SigningKeyError> {
        let lines: Vec<&str> =
            public_key_pem.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let is_base64 = |line: &&str| {
            line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        };
        match lines.as_slice() {
            [PEM_BEGIN, body @ .., PEM_END] if !body.is_empty() && body.iter().all(is_base64) => {
                Ok(Self { fingerprint, created_at, public_key_pem: format!("{}\n", lines.join("\n")) })
            }
            _ => Err(SigningKeyError::NotPem { fingerprint }),
        }
    }

    /// The key's name.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When it was made, in Unix seconds.
    pub(crate) fn created_at(&self) -> u64 {
        self.created_at
    }

    /// The public key, in the one form it is deployed in.
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }
}

/// The keys of an environment: those that are trusted, and the one that signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys {
    trusted: Vec<SigningKey>,
    active: Option<Fingerprint>,
}

impl SigningKeys {
    /// No key yet: the distribution is disabled, and `/cloudfront/sign` answers 503.
    pub fn none() -> Self {
        Self::default()
    }

    /// A key that nobody has, for a template that is not meant to be deployed.
    pub fn unknown() -> Self {
        let fingerprint = Fingerprint("0".repeat(12));
        let public_key_pem = format!("{PEM_BEGIN}\nAAAA\n{PEM_END}\n");
        let key = SigningKey { fingerprint: fingerprint.clone(), created_at: 0, public_key_pem };
        Self { trusted: vec![key], active: Some(fingerprint) }
    }

    /// These keys are trusted, and the active one signs.
    pub fn new(mut trusted: Vec<SigningKey>, active: Option<Fingerprint>) -> Result<Self, SigningKeyError> {
        trusted.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
        let fingerprints: BTreeSet<&Fingerprint> = trusted.iter().map(SigningKey::fingerprint).collect();
        if fingerprints.len() < trusted.len() {
            return Err(SigningKeyError::Duplicate);
        }
        if trusted.len() > MAXIMUM_KEYS {
            return Err(SigningKeyError::TooMany { count: trusted.len() });
        }
        if let Some(fingerprint) = active.as_ref().filter(|active| !fingerprints.contains(active)) {
            return Err(SigningKeyError::NotTrusted { fingerprint: fingerprint.clone() });
        }
        Ok(Self { trusted, active })
    }

    /// The trusted keys, by fingerprint.
    pub fn trusted(&self) -> &[SigningKey] {
        &self.trusted
    }

    /// The key that signs.
    pub fn active(&self) -> Option<&Fingerprint> {
        self.active.as_ref()
    }
}

/// Keys that cannot be deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The public key is no PEM of a public key.
    #[error("the public key {fingerprint} is no PEM that begins with `{PEM_BEGIN}`")]
    NotPem {
        /// Which key.
        fingerprint: Fingerprint,
    },
    /// A fingerprint is there twice.
    #[error("the key ring names a key twice")]
    Duplicate,
    /// More than a key group takes.
    #[error("{count} signing keys, where CloudFront trusts {MAXIMUM_KEYS} at most; retire one first")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// URLs would be signed with a key that no one trusts.
    #[error("the active signing key {fingerprint} is not among the trusted ones")]
    NotTrusted {
        /// The active key.
        fingerprint: Fingerprint,
    },
}

/// Path of the parameter of a private key, a SecureString: base64 of the PEM.
pub fn private_key_parameter(environment: &Environment, fingerprint: &Fingerprint) -> String {
    format!("{}/private-key/{fingerprint}", key_parameters(environment))
}

/// Path of the parameter of a public key: its PEM.
pub fn public_key_parameter(environment: &Environment, fingerprint: &Fingerprint) -> String {
    format!("{}/public-key/{fingerprint}", key_parameters(environment))
}

/// Path of the parameter of the key ring: JSON.
pub fn key_ring_parameter(environment: &Environment) -> String {
    format!("{}/key-ring", key_parameters(environment))
}

/// What the parameters of all private keys begin with.
pub(crate) fn private_key_parameters(environment: &Environment) -> String {
    format!("{}/private-key/", key_parameters(environment))
}

/// What the paths of all parameters of keys begin with.
pub fn key_parameters(environment: &Environment) -> String {
    format!("/{}/{}/cloudfront", environment.name, environment.service)
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, SigningKey, SigningKeyError, SigningKeys};

    fn fingerprint(digit: char) -> Fingerprint {
        digit.to_string().repeat(12).parse().unwrap()
    }

    fn key(digit: char) -> SigningKey {
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        SigningKey::new(fingerprint(digit), 0, pem).unwrap()
    }

    #[test]
    fn the_form_of_a_pem_does_not_matter() {
        let other = "\r\n-----BEGIN PUBLIC KEY-----\r\n  AAAA\r\n\r\n-----END PUBLIC KEY-----";
        assert_eq!(SigningKey::new(fingerprint('a'), 0, other).unwrap(), key('a'));
    }

    #[test]
    fn a_private_key_is_no_public_key() {
        for pem in [
            "",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\n${Secret}\n-----END PUBLIC KEY-----",
        ] {
            let expected = SigningKeyError::NotPem { fingerprint: fingerprint('a') };
            assert_eq!(SigningKey::new(fingerprint('a'), 0, pem), Err(expected));
        }
    }

    #[test]
    fn keys_that_cannot_be_deployed() {
        let new = |digits: &str, active: Option<char>| {
            SigningKeys::new(digits.chars().map(key).collect(), active.map(fingerprint)).map(|_| ())
        };
        assert_eq!(new("ba", Some('b')), Ok(()));
        assert_eq!(new("a", None), Ok(()));
        assert_eq!(new("aa", Some('a')), Err(SigningKeyError::Duplicate));
        assert_eq!(new("abcdef", Some('a')), Err(SigningKeyError::TooMany { count: 6 }));
        let expected = SigningKeyError::NotTrusted { fingerprint: fingerprint('b') };
        assert_eq!(new("a", Some('b')), Err(expected));
    }

    #[test]
    fn fingerprints_are_hexadecimal() {
        for text in ["", "0123456789a", "0123456789abc", "0123456789AB", "0123456789ag"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
