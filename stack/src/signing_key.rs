//! Signing keys as the stack uses them, and the paths of their parameters.
//!
//! A private key never reaches this crate. It is a SecureString, which the API function reads by its path.

use std::collections::BTreeSet;

use crate::environment::{Environment, string_types};

/// How many keys can be trusted at the same time: as many as a key group accepts,
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>.
pub const MAXIMUM_KEYS: usize = 5;
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

string_types! {
    /// The first 12 hexadecimal digits of the SHA-256 of a public key in DER.
    Fingerprint: "a fingerprint: 12 lowercase hexadecimal digits",
        |text| text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
}

/// A key whose signatures CloudFront accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    fingerprint: Fingerprint,
    created_at: u64,
    public_key_pem: String,
}

impl SigningKey {
    /// Creates a key from its public half in PEM and its creation time in Unix seconds.
    ///
    /// The PEM is normalized, because CloudFormation would take an additional line break for another key, and CloudFront
    /// cannot change a key: <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/924>.
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

    /// Returns the key's fingerprint, which is its name.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Returns its creation time, in Unix seconds.
    pub(crate) fn created_at(&self) -> u64 {
        self.created_at
    }

    /// Returns the public key, normalized.
    pub fn public_key_pem(&self) -> &str {
        &self.public_key_pem
    }
}

/// The keys of an environment: those that CloudFront trusts, and the active one, which signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys {
    trusted: Vec<SigningKey>,
    active: Option<Fingerprint>,
}

impl SigningKeys {
    /// Returns no keys: the distribution is disabled, and `/cloudfront/sign` responds with 503.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns a key that does not exist, for a template that is not deployed.
    pub fn unknown() -> Self {
        // It does not have the form of a fingerprint, so that nobody takes it for that of a key.
        let fingerprint = Fingerprint("New".to_owned());
        let public_key_pem = format!("{PEM_BEGIN}\nAAAA\n{PEM_END}\n");
        let key = SigningKey { fingerprint: fingerprint.clone(), created_at: 0, public_key_pem };
        Self { trusted: vec![key], active: Some(fingerprint) }
    }

    /// Creates the keys of an environment. Fails where CloudFront could not trust them, or not the active one.
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

    /// Returns the trusted keys, sorted by fingerprint.
    pub fn trusted(&self) -> &[SigningKey] {
        &self.trusted
    }

    /// Returns the fingerprint of the key that signs.
    pub fn active(&self) -> Option<&Fingerprint> {
        self.active.as_ref()
    }
}

/// Keys that cannot be deployed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The public key is not the PEM of a public key.
    #[error("the public key {fingerprint} is not a PEM that starts with `{PEM_BEGIN}`")]
    NotPem {
        /// Which key.
        fingerprint: Fingerprint,
    },
    /// A fingerprint occurs twice.
    #[error("the key ring contains a key twice")]
    Duplicate,
    /// There are more keys than a key group accepts.
    #[error("{count} signing keys, but CloudFront trusts at most {MAXIMUM_KEYS}; retire one first")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// URLs would be signed with a key that CloudFront does not trust.
    #[error("the active signing key {fingerprint} is not one of the trusted keys")]
    NotTrusted {
        /// The active key.
        fingerprint: Fingerprint,
    },
}

/// Returns the path of the parameter of a private key, a SecureString: base64 of the PEM.
pub fn private_key_parameter(environment: &Environment, fingerprint: &Fingerprint) -> String {
    format!("{}/private-key/{fingerprint}", key_parameters(environment))
}

/// Returns the path of the parameter of a public key: its PEM.
pub fn public_key_parameter(environment: &Environment, fingerprint: &Fingerprint) -> String {
    format!("{}/public-key/{fingerprint}", key_parameters(environment))
}

/// Returns the path of the parameter of the key ring: JSON.
pub fn key_ring_parameter(environment: &Environment) -> String {
    format!("{}/key-ring", key_parameters(environment))
}

/// Returns the common beginning of the paths of all private keys.
pub(crate) fn private_key_parameters(environment: &Environment) -> String {
    format!("{}/private-key/", key_parameters(environment))
}

/// Returns the common beginning of the paths of all keys.
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
    fn pem_is_normalized() {
        let other = "\r\n-----BEGIN PUBLIC KEY-----\r\n  AAAA\r\n\r\n-----END PUBLIC KEY-----";
        assert_eq!(SigningKey::new(fingerprint('a'), 0, other).unwrap(), key('a'));
    }

    #[test]
    fn private_key_is_rejected_as_a_public_key() {
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
    fn keys_that_cannot_be_deployed_are_rejected() {
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
    fn invalid_fingerprint_is_rejected() {
        for text in ["", "0123456789a", "0123456789abc", "0123456789AB", "0123456789ag"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }

    #[test]
    fn key_that_does_not_exist_yet_is_not_taken_for_one() {
        let file = include_str!("../environments/dev.toml");
        let environment = crate::Environment::parse(&"dev".parse().unwrap(), file).unwrap();
        let template = crate::preview_with(&environment, &SigningKeys::unknown()).unwrap().to_json();
        let template = crate::DeployedTemplate::parse(&template).unwrap();
        assert!(template.as_value().pointer("/Resources/SigningKeyNew").is_some());
        assert!(template.trusted().is_empty());
        assert_eq!(template.active(), None);
    }
}
