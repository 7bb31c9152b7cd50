//! Where assets are served, and URLs that open them.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BaseUrl, Resource};

/// All but the characters that RFC 3986 allows in a path as they are: unreserved, sub-delims, `:`, `@` and the slash.
/// <https://datatracker.ietf.org/doc/html/rfc3986#section-3.3>
///
/// CloudFront checks the signature against the URL as it arrives, and some clients decode such escapes before they send
/// (yarl, and so aiohttp and fsspec: <https://github.com/aio-libs/yarl/blob/master/yarl/_quoters.py>).
///
/// Two sub-delims are encoded all the same. S3 reads a raw `+` as a space
/// (<https://github.com/aws/aws-sdk-ruby/issues/654>). A raw `*` would make a canned policy, whose text is that of a
/// custom policy, a wildcard.
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

/// Percent-encode a key for the path of a URL; slashes stay.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// The distribution's origin: a scheme and a host, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdnOrigin(String);

/// A distribution domain that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no domain, nor an origin such as http://127.0.0.1:9002")]
pub struct CdnOriginError(String);

impl CdnOrigin {
    /// Parse a domain, for which `https` is meant, or an origin with a scheme.
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

    /// The URL of the object with this key.
    pub fn url_of(&self, key: &str) -> BaseUrl {
        BaseUrl::of_encoded(format!("{}/{}", self.0, encode_path(key)))
    }

    /// The resource of a policy over all keys with this prefix, which ends with a slash.
    pub fn resource_below(&self, prefix: &str) -> Resource {
        Resource::everything_below(&self.url_of(prefix))
    }
}

/// A URL that grants access by itself. Printing it shows everything but the query.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    pub(super) fn new(url: String) -> Self {
        Self(url)
    }

    /// The whole URL, for the one answer that it belongs in.
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

    use super::{BaseUrl, CdnOrigin, SignedUrl, encode_path};

    #[test]
    fn a_domain_means_https_and_a_scheme_is_kept() {
        let origin = |text| CdnOrigin::parse(text).map(|origin| origin.0).ok();
        assert_eq!(origin("d1.cloudfront.net").as_deref(), Some("https://d1.cloudfront.net"));
        assert_eq!(origin("http://127.0.0.1:9002").as_deref(), Some("http://127.0.0.1:9002"));
        assert_eq!(origin("https://assets.example/").as_deref(), Some("https://assets.example"));
        for refused in ["", "https://", "https://h/path", "ftp://h", "https://user@h", "h?x=1", "h#f"] {
            assert_eq!(origin(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_signed_url_shows_no_query() {
        let url = SignedUrl::new("https://h/a?Signature=secret".to_owned());
        assert_eq!(format!("{url} {url:?}"), "https://h/a?[signed] https://h/a?[signed]");
    }

    #[test]
    fn what_clients_decode_before_sending_is_not_encoded() {
        let printable: String = (' '..='~').collect();
        assert_eq!(
            encode_path(&printable),
            "%20!%22%23$%25&'()%2A%2B,-./0123456789:;%3C=%3E%3F@ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60\
             abcdefghijklmnopqrstuvwxyz%7B%7C%7D~"
        );
    }

    proptest! {
        #[test]
        fn an_encoded_path_names_exactly_its_key(key in "\\PC{1,80}") {
            let encoded = encode_path(&key);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#*\"\\+".contains(&byte)));
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            prop_assert_eq!(decoded, &*key);
            let url = CdnOrigin("https://d1.cloudfront.net".to_owned()).url_of(&key);
            prop_assert_eq!(BaseUrl::parse(url.as_str()), Ok(url));
        }
    }
}
