//! URLs of assets, and URLs that open them.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::base_url::BaseUrl;
use super::policy::Resource;

/// The characters that are encoded in a path.
///
/// RFC 3986 allows all others in a path: unreserved characters, sub-delims, `:`, `@` and the slash. They are
/// not encoded, because CloudFront compares the signature with the URL that it receives, and some clients
/// decode them before they send the URL (yarl, and so aiohttp and fsspec:
/// <https://github.com/aio-libs/yarl/blob/master/yarl/_quoters.py>).
/// <https://datatracker.ietf.org/doc/html/rfc3986#section-3.3>
///
/// Two sub-delims are encoded. S3 reads a raw `+` as a space
/// (<https://github.com/aws/aws-sdk-ruby/issues/654>). A raw `*` would be a wildcard in a canned policy,
/// because its text is also that of a custom policy.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Percent-encodes a key for the path of a URL, except its slashes.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// The origin of the distribution: a scheme and a host, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdnOrigin(String);

/// A text is not the domain or the origin of a distribution.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a domain nor an origin such as http://127.0.0.1:9002")]
pub struct CdnOriginError(String);

impl CdnOrigin {
    /// Parses a domain, whose scheme is `https`, or an origin with a scheme.
    pub fn parse(text: &str) -> Result<Self, CdnOriginError> {
        let error = || CdnOriginError(text.to_owned());
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let parsed = url::Url::parse(&with_scheme).map_err(|_| error())?;
        let plain = matches!(parsed.scheme(), "http" | "https")
            && parsed.path() == "/"
            && parsed.query().is_none()
            && parsed.fragment().is_none()
            && parsed.username().is_empty()
            && parsed.password().is_none();
        if !plain || !parsed.has_host() {
            return Err(error());
        }
        Ok(Self(parsed.as_str().trim_end_matches('/').to_owned()))
    }

    /// Returns the URL of the object with this key.
    pub fn url_of(&self, key: &str) -> BaseUrl {
        BaseUrl::from_encoded(format!("{}/{}", self.0, encode_path(key)))
    }

    /// Returns the resource of a policy for all keys with this prefix.
    ///
    /// The prefix ends with a slash.
    pub fn resource_below(&self, prefix: &str) -> Resource {
        Resource::everything_below(&self.url_of(prefix))
    }
}

/// A URL that grants access by itself. It is displayed without its query.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    pub(super) fn new(url: String) -> Self {
        Self(url)
    }

    /// Returns the whole URL, for the response to the caller.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.0.split('?').next().unwrap_or_default();
        write!(formatter, "{base}?[signed]")
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::base_url::BaseUrl;
    use super::{CdnOrigin, SignedUrl, encode_path};

    #[test]
    fn scheme_is_https_unless_the_origin_has_one() {
        let origin = |text| CdnOrigin::parse(text).map(|origin| origin.0).ok();
        assert_eq!(origin("d1.cloudfront.net").as_deref(), Some("https://d1.cloudfront.net"));
        assert_eq!(origin("http://127.0.0.1:9002").as_deref(), Some("http://127.0.0.1:9002"));
        assert_eq!(origin("https://assets.example/").as_deref(), Some("https://assets.example"));
        for refused in ["", "https://", "https://h/path", "ftp://h", "https://user@h", "h?x=1", "h#f"] {
            assert_eq!(origin(refused), None, "{refused}");
        }
    }

    #[test]
    fn signed_url_is_displayed_without_its_query() {
        let url = SignedUrl::new("https://h/a?Signature=secret".to_owned());
        assert_eq!(format!("{url} {url:?}"), "https://h/a?[signed] https://h/a?[signed]");
    }

    #[test]
    fn characters_that_clients_decode_are_not_encoded() {
        let printable: String = (' '..='~').collect();
        assert_eq!(
            encode_path(&printable),
            "%20!%22%23$%25&'()%2A%2B,-./0123456789:;%3C=%3E%3F@ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60\
             abcdefghijklmnopqrstuvwxyz%7B%7C%7D~"
        );
    }

    proptest! {
        #[test]
        fn encoded_path_decodes_to_its_key(key in "\\PC{1,80}") {
            let encoded = encode_path(&key);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#*\"\\+".contains(&byte)));
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            prop_assert_eq!(decoded, &*key);
            let url = CdnOrigin("https://d1.cloudfront.net".to_owned()).url_of(&key);
            prop_assert_eq!(BaseUrl::parse(url.as_str()), Ok(url));
        }
    }
}
