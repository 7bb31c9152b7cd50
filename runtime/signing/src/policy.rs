//! Texts of policies.
//!
//! CloudFront makes the text of a canned policy from the URL, in exactly this form: no white space, members
//! in this order, the time as a number. A [`BaseUrl`] has no character that JSON escapes.

use std::fmt;

use super::base_url::BaseUrl;

/// The URLs that a custom policy opens.
///
/// It is a pattern in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(String);

impl Resource {
    /// Returns the pattern of every URL that begins with this one.
    ///
    /// It should end with a slash, because `…/P1*` includes `…/P10/`.
    pub fn everything_below(url: &BaseUrl) -> Self {
        Self(format!("{url}*"))
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns the text of a canned policy.
///
/// It opens one URL until `expires_at`, in Unix seconds.
///
/// It is signed and not sent:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>.
pub fn canned_policy(url: &BaseUrl, expires_at: i64) -> String {
    policy(url.as_str(), expires_at)
}

/// Returns the text of a custom policy.
///
/// It opens a resource until `expires_at`, in Unix seconds.
///
/// It is part of the URL:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html>.
pub fn custom_policy(resource: &Resource, expires_at: i64) -> String {
    policy(&resource.0, expires_at)
}

/// Both kinds have the same form.
///
/// A raw `*` in a URL with a canned policy would therefore be a wildcard: anyone could send the signature
/// with a custom policy.
fn policy(resource: &str, expires_at: i64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires_at}}}}}}}]}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::super::base_url::BaseUrl;
    use super::{Resource, canned_policy, custom_policy};

    #[test]
    fn policy_has_exactly_the_documented_text() {
        let url = BaseUrl::parse("https://d111111abcdef8.cloudfront.net/a.png").unwrap();
        assert_eq!(
            canned_policy(&url, 1_767_225_600),
            r#"{"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/a.png","Condition":{"DateLessThan":{"AWS:EpochTime":1767225600}}}]}"#
        );
        let below = BaseUrl::parse("https://d1.cloudfront.net/O1/D2/P3/").unwrap();
        assert_eq!(
            custom_policy(&Resource::everything_below(&below), 1),
            r#"{"Statement":[{"Resource":"https://d1.cloudfront.net/O1/D2/P3/*","Condition":{"DateLessThan":{"AWS:EpochTime":1}}}]}"#
        );
    }

    #[test]
    fn no_character_of_a_url_is_escaped_in_json() {
        let url = "https://h/-._~:/?[]@!$&'()+,;=%22%5C";
        let policy = canned_policy(&BaseUrl::parse(url).unwrap(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(parsed["Statement"][0]["Resource"], url);
    }
}
