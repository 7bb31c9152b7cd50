//! CloudFront signatures: canned policies, custom policies, RSA and EC keys.
//!
//! A signature is made of the text of a policy. A *canned* policy is not sent: CloudFront makes its text from
//! the URL, so every byte matters. A *custom* policy is part of the URL and can have wildcards.
//!
//! - [`BaseUrl`]: a URL that can be signed; [`Resource`]: the URLs that a custom policy opens.
//! - [`canned_policy`], [`custom_policy`]: the texts that are signed, with the source of their form.
//! - [`SigningKey`]: a private key, RSA 2048 or EC P-256; [`encode_key_value`]: how its parameter holds it.
//! - [`Signer`]: a key with the id that CloudFront has for it.
//! - [`SignedUrl`]: the result, which does not display its signature.
//!
//! The hash is SHA-1 unless the URL has `Hash-Algorithm=SHA256`, which is not part of the signed text:
//! <https://aws.amazon.com/about-aws/whats-new/2026/04/amazon-cloudfront-sha-256-signed-urls/>.
//!
//! Botocore's `CloudFrontSigner` makes the same URLs; a test compares them byte for byte.

mod base_url;
mod encoding;
mod key;
mod key_value;
mod policy;
mod signer;
mod url;

pub use openapi::HashAlgorithm;

pub use self::base_url::{BaseUrl, BaseUrlError};
pub use self::encoding::cloudfront_base64;
pub use self::key::{KeyError, SigningKey};
pub use self::key_value::{KeyValueError, decode_key_value, encode_key_value};
pub use self::policy::{Resource, canned_policy, custom_policy};
pub use self::signer::{SignedPolicy, Signer};
pub use self::url::{CdnOrigin, CdnOriginError, SignedUrl, encode_path};

#[cfg(test)]
mod tests;
