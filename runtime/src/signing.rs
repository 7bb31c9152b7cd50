//! CloudFront signatures: canned policies, custom policies, RSA and EC keys.
//!
//! A signature is made over the text of a policy. A *canned* policy is not sent: the edge rebuilds its text from the
//! URL, so its every byte matters. A *custom* policy travels in the URL and may hold wildcards.
//!
//! - [`BaseUrl`]: what can be signed; [`Resource`]: what a custom policy opens.
//! - [`canned_policy`], [`custom_policy`]: the texts that are signed, with the source of their form.
//! - [`SigningKey`]: RSA 2048 or EC P-256, parsed once; [`Signer`]: a key under the id that CloudFront knows it by.
//! - [`SignedUrl`]: the result, which does not show its signature when it is printed.
//!
//! The hash is SHA-1 unless the URL says `Hash-Algorithm=SHA256`, which is no part of what is signed:
//! <https://aws.amazon.com/about-aws/whats-new/2026/04/amazon-cloudfront-sha-256-signed-urls/>.
//!
//! Botocore's `CloudFrontSigner` makes the same URLs, which a test compares byte for byte.

mod base_url;
mod encoding;
mod key;
mod policy;
mod url;

pub use openapi::HashAlgorithm;

pub use self::base_url::{BaseUrl, BaseUrlError};
pub use self::encoding::cloudfront_base64;
pub use self::key::{KeyError, SigningKey};
pub use self::policy::{Resource, canned_policy, custom_policy};
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

    /// Sign a URL with a canned policy: it opens until `expires_at` (Unix seconds).
    pub fn sign_url(&self, url: &BaseUrl, expires_at: i64) -> Result<SignedUrl, KeyError> {
        let signature = self.key.sign(canned_policy(url, expires_at).as_bytes())?;
        let parameters = format!("Expires={expires_at}&Signature={}", cloudfront_base64(&signature));
        Ok(self.signed_url(url, &parameters))
    }

    /// Sign a policy over a resource: its URLs open until `expires_at` (Unix seconds).
    pub fn sign_policy(&self, resource: &Resource, expires_at: i64) -> Result<SignedPolicy, KeyError> {
        let policy = custom_policy(resource, expires_at);
        let signature = self.key.sign(policy.as_bytes())?;
        Ok(SignedPolicy {
            policy: cloudfront_base64(policy.as_bytes()),
            signature: cloudfront_base64(&signature),
        })
    }

    /// A URL that carries an already signed policy.
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

#[cfg(test)]
mod tests;
