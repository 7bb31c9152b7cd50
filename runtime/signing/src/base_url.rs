//! URLs that can be signed.

use std::fmt;

/// The query parameters that a signature adds.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>.
const SIGNATURE_PARAMETERS: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// The base URL in the terms of CloudFront: the URL of a file to be signed.
///
/// It can have a query of its own.
///
/// It is exactly what a client sends. CloudFront makes the text of a canned policy from the URL of the
/// request, so a byte that a client encodes differently or does not send invalidates the signature. Therefore
/// it is absolute and encoded, and has no fragment and no raw `*`, which is a wildcard in a policy. It has no
/// character that JSON escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A URL cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It has no host, or no scheme or another one.
    #[error("must begin with http:// or https:// and a host")]
    NotAbsolute,
    /// It has a character that must be percent-encoded.
    #[error(
        "has a character that must be percent-encoded: a space, a quote, a control or non-ASCII character"
    )]
    NotEncoded,
    /// It has a fragment, which clients do not send.
    #[error("must not have a fragment")]
    Fragment,
    /// It has a raw `*`.
    #[error("has a `*`, which would be a wildcard: encode it as %2A")]
    Wildcard,
    /// It is signed already.
    #[error("has the query parameter `{0}`, which a signature adds")]
    Signed(&'static str),
}

impl BaseUrl {
    /// Parses a URL.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
            return Err(BaseUrlError::NotAbsolute);
        }
        if text.contains('#') {
            return Err(BaseUrlError::Fragment);
        }
        if text.contains('*') {
            return Err(BaseUrlError::Wildcard);
        }
        if !text.bytes().all(is_url_character) {
            return Err(BaseUrlError::NotEncoded);
        }
        let query = text.split_once('?').map(|(_, query)| query).unwrap_or_default();
        for pair in query.split('&') {
            let name = pair.split('=').next().unwrap_or_default();
            if let Some(reserved) =
                SIGNATURE_PARAMETERS.into_iter().find(|reserved| reserved.eq_ignore_ascii_case(name))
            {
                return Err(BaseUrlError::Signed(reserved));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Wraps a URL that consists of encoded parts.
    pub(super) fn from_encoded(text: String) -> Self {
        Self(text)
    }

    /// Returns the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the character that separates the URL from added parameters.
    pub(super) fn separator(&self) -> char {
        if self.0.contains('?') { '&' } else { '?' }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns whether the character is unreserved, reserved or the percent sign.
///
/// <https://datatracker.ietf.org/doc/html/rfc3986#section-2>.
fn is_url_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, BaseUrlError};

    #[test]
    fn url_that_clients_would_change_is_rejected() {
        let reason = |text: &str| BaseUrl::parse(text).err();
        for text in ["", "d1.cloudfront.net/a", "https://", "https:///a", "ftp://h/a", "//h/a", "HTTPS://h/a"]
        {
            assert_eq!(reason(text), Some(BaseUrlError::NotAbsolute), "{text}");
        }
        for text in
            ["https://h/a b", "https://h/ä", "https://h/\"", "https://h/\\", "https://h/\n", "https://h/{}"]
        {
            assert_eq!(reason(text), Some(BaseUrlError::NotEncoded), "{text}");
        }
        assert_eq!(reason("https://h/a#b"), Some(BaseUrlError::Fragment));
        assert_eq!(reason("https://h/*"), Some(BaseUrlError::Wildcard));
        for name in ["Expires", "policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"] {
            assert!(
                matches!(reason(&format!("https://h/a?x=1&{name}=2")), Some(BaseUrlError::Signed(_))),
                "{name}"
            );
        }
        for text in ["https://h/a%20b?x=1&y=Expires", "http://127.0.0.1:9002/a", "https://h"] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.to_string()).as_deref(), Ok(text));
        }
    }
}
