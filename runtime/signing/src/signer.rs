//! Signing URLs and policies.

use openapi::HashAlgorithm;

use super::base_url::BaseUrl;
use super::encoding::cloudfront_base64;
use super::key::{KeyError, SigningKey};
use super::policy::{Resource, canned_policy, custom_policy};
use super::url::SignedUrl;

/// A private key with the id of its CloudFront public key.
pub struct Signer {
    key: SigningKey,
    key_pair_id: String,
}

/// A signed custom policy, encoded for a URL or a cookie.
pub struct SignedPolicy {
    /// The value of `Policy`.
    pub policy: String,
    /// The value of `Signature`.
    pub signature: String,
}

impl Signer {
    /// Creates a signer; `key_pair_id` is the id of the CloudFront public key.
    pub fn new(key: SigningKey, key_pair_id: String) -> Self {
        Self { key, key_pair_id }
    }

    /// Returns the id of the CloudFront public key.
    pub fn key_pair_id(&self) -> &str {
        &self.key_pair_id
    }

    /// Returns the hash of the signatures.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.key.hash_algorithm()
    }

    /// Signs a URL with a canned policy.
    ///
    /// The URL is valid until `expires_at`, in Unix seconds.
    pub fn sign_url(&self, url: &BaseUrl, expires_at: i64) -> Result<SignedUrl, KeyError> {
        let signature = self.key.sign(canned_policy(url, expires_at).as_bytes())?;
        let parameters = format!("Expires={expires_at}&Signature={}", cloudfront_base64(&signature));
        Ok(self.signed_url(url, &parameters))
    }

    /// Signs a custom policy for a resource.
    ///
    /// Its URLs are valid until `expires_at`, in Unix seconds.
    pub fn sign_policy(&self, resource: &Resource, expires_at: i64) -> Result<SignedPolicy, KeyError> {
        let policy = custom_policy(resource, expires_at);
        let signature = self.key.sign(policy.as_bytes())?;
        Ok(SignedPolicy {
            policy: cloudfront_base64(policy.as_bytes()),
            signature: cloudfront_base64(&signature),
        })
    }

    /// Returns a URL with a signed policy.
    pub fn url_with_policy(&self, url: &BaseUrl, signed: &SignedPolicy) -> SignedUrl {
        self.signed_url(url, &format!("Policy={}&Signature={}", signed.policy, signed.signature))
    }

    fn signed_url(&self, url: &BaseUrl, parameters: &str) -> SignedUrl {
        let hash = match self.hash_algorithm() {
            HashAlgorithm::Sha1 => "",
            HashAlgorithm::Sha256 => "&Hash-Algorithm=SHA256",
        };
        let separator = url.separator();
        SignedUrl::new(format!("{url}{separator}{parameters}&Key-Pair-Id={}{hash}", self.key_pair_id))
    }
}
