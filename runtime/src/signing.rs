//! CloudFront signatures: canned policies, custom policies, RSA and EC keys.
//!
//! A signature is made over the text of a policy. A *canned* policy is not sent: the edge rebuilds its text from the
//! URL, so its every byte matters. A *custom* policy travels in the URL and may hold wildcards.
//!
//! - Policies: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>
//!   and <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html>
//! - Keys: RSA 2048 or ECDSA P-256,
//!   <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html>
//! - Hash: SHA-1 unless the URL says `Hash-Algorithm=SHA256`.

mod encoding;
mod key;
mod policy;
mod url;

pub use openapi::HashAlgorithm;

pub use self::encoding::cloudfront_base64;
pub use self::key::{KeyError, SigningKey};
pub use self::policy::{canned_policy, custom_policy};
pub use self::url::{CdnOrigin, CdnOriginError, SignedUrl, encode_path};

/// What signs: a key, the id under which CloudFront knows its public half, and the hash.
pub struct Signer {
    key: SigningKey,
    key_pair_id: String,
}

/// A signed custom policy, in the encoding in which it goes into a URL or a cookie.
pub struct SignedPolicy {
    /// Value of `Policy`.
    pub policy: String,
    /// Value of `Signature`.
    pub signature: String,
}

impl Signer {
    /// A signer for this key; `key_pair_id` is the id of the CloudFront public key.
    pub fn new(key: SigningKey, key_pair_id: String) -> Self {
        Self { key, key_pair_id }
    }

    /// The id of the CloudFront public key.
    pub fn key_pair_id(&self) -> &str {
        &self.key_pair_id
    }

    /// The hash that signatures are made over.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.key.hash_algorithm()
    }

    /// Sign a URL with a canned policy. The URL must be encoded already and carry no query; it opens until
    /// `expires_at` (Unix seconds).
    pub fn sign_url(&self, url: &str, expires_at: i64) -> Result<SignedUrl, KeyError> {
        let signature = self.key.sign(canned_policy(url, expires_at).as_bytes())?;
        let parameters = format!("Expires={expires_at}&Signature={}", cloudfront_base64(&signature));
        Ok(self.signed_url(url, &parameters))
    }

    /// Sign a policy over every URL that matches `resource` (with `*` and `?` as wildcards) until
    /// `expires_at` (Unix seconds).
    pub fn sign_policy(&self, resource: &str, expires_at: i64) -> Result<SignedPolicy, KeyError> {
        let policy = custom_policy(resource, expires_at);
        let signature = self.key.sign(policy.as_bytes())?;
        Ok(SignedPolicy {
            policy: cloudfront_base64(policy.as_bytes()),
            signature: cloudfront_base64(&signature),
        })
    }

    /// A URL that carries an already signed policy.
    pub fn url_with_policy(&self, url: &str, signed: &SignedPolicy) -> SignedUrl {
        self.signed_url(url, &format!("Policy={}&Signature={}", signed.policy, signed.signature))
    }

    fn signed_url(&self, url: &str, parameters: &str) -> SignedUrl {
        let hash = match self.hash_algorithm() {
            HashAlgorithm::Sha1 => "",
            HashAlgorithm::Sha256 => "&Hash-Algorithm=SHA256",
        };
        SignedUrl::new(format!("{url}?{parameters}&Key-Pair-Id={}{hash}", self.key_pair_id))
    }
}

#[cfg(test)]
mod tests;
