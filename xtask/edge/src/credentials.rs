//! Reads the signature of a request from its query string or cookies.

use http::HeaderMap;
use http::header::COOKIE;
use percent_encoding::percent_decode_str;

/// The signature parameters of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// `Key-Pair-Id`: the id of the public key.
    pub key_pair_id: Option<String>,
    /// `Signature`, in CloudFront's base64.
    pub signature: Option<String>,
    /// `Policy`: a custom policy, in CloudFront's base64.
    pub policy: Option<String>,
    /// `Expires`: the only variable part of a canned policy besides the URL.
    pub expires: Option<String>,
    /// `Hash-Algorithm`.
    pub hash_algorithm: Option<String>,
    /// Whether a parameter occurs more than once, which makes the request ambiguous.
    pub repeated: bool,
}

impl Credentials {
    /// Splits a query string into the signature parameters and the rest.
    ///
    /// Each value is percent-decoded once, because some clients send `~` as `%7E`, such as those that build their query
    /// with `URLSearchParams`, and CloudFront accepts it: <https://github.com/ttoss/ttoss/issues/1205>. It is not form
    /// data: a `+` stays a `+`, which no parameter can contain. An invalid escape stays as it is, which no parameter can
    /// contain either. A name must be sent as documented: whether CloudFront decodes names is not known, and no client
    /// encodes them.
    ///
    /// The rest is what the signer signed and what the origin may see. Its order and its bytes are unchanged.
    pub fn split_query(query: &str) -> (Self, String) {
        let mut credentials = Self::default();
        let rest: Vec<&str> = query
            .split('&')
            .filter(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                !credentials.take(name, &percent_decode_str(value).decode_utf8_lossy())
            })
            .collect();
        (credentials, rest.join("&"))
    }

    /// Reads the signed cookies `CloudFront-Key-Pair-Id` and so on. Other cookies are ignored.
    pub fn from_cookies(headers: &HeaderMap) -> Self {
        let mut credentials = Self::default();
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        for cookie in cookies.flat_map(|value| value.split(';')) {
            if let Some((name, value)) = cookie.trim().split_once('=')
                && let Some(name) = name.strip_prefix("CloudFront-")
            {
                credentials.take(name, value);
            }
        }
        credentials
    }

    /// Returns whether the request has no signature parameters.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn take(&mut self, name: &str, value: &str) -> bool {
        let slot = match name {
            "Key-Pair-Id" => &mut self.key_pair_id,
            "Signature" => &mut self.signature,
            "Policy" => &mut self.policy,
            "Expires" => &mut self.expires,
            "Hash-Algorithm" => &mut self.hash_algorithm,
            _ => return false,
        };
        self.repeated |= slot.is_some();
        *slot = Some(value.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rest_of_the_query_is_unchanged() {
        let (credentials, rest) =
            Credentials::split_query("b=%2B&Expires=5&a&Signature=x~_&expires=6&Key-Pair-Id=K");
        assert_eq!(rest, "b=%2B&a&expires=6");
        assert_eq!(credentials.expires.as_deref(), Some("5"));
        assert_eq!(credentials.signature.as_deref(), Some("x~_"));
        assert_eq!(credentials.key_pair_id.as_deref(), Some("K"));
        assert!(!credentials.repeated);
    }

    #[test]
    fn values_are_percent_decoded_once() {
        let (credentials, rest) =
            Credentials::split_query("Signature=x%7E-%5F&Key-Pair-Id=%4B&Policy=a%2525&Expires=5&b=%7E");
        assert_eq!(credentials.signature.as_deref(), Some("x~-_"));
        assert_eq!(credentials.key_pair_id.as_deref(), Some("K"));
        assert_eq!(credentials.policy.as_deref(), Some("a%25"));
        assert_eq!(rest, "b=%7E");
    }

    #[test]
    fn notes_repetition() {
        assert!(Credentials::split_query("Expires=5&Expires=5").0.repeated);
    }

    #[test]
    fn reads_cookies_of_several_headers() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b; CloudFront-Policy=p; Signature=no".parse().unwrap());
        headers.append(COOKIE, "CloudFront-Key-Pair-Id=K".parse().unwrap());
        let credentials = Credentials::from_cookies(&headers);
        assert_eq!(credentials.policy.as_deref(), Some("p"));
        assert_eq!(credentials.key_pair_id.as_deref(), Some("K"));
        assert_eq!(credentials.signature, None);
    }

    proptest! {
        #[test]
        fn query_without_a_signature_is_unchanged(query in "([a-z]{1,3}=[a-z0-9%]{0,3}&?){0,5}") {
            let (credentials, rest) = Credentials::split_query(&query);
            prop_assert!(credentials.is_empty());
            prop_assert_eq!(rest, query);
        }
    }
}
