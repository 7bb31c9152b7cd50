//! Canned and custom policies, which CloudFront signatures are made over.

use std::net::IpAddr;

use serde::Deserialize;

use super::wildcard;

/// The properties of a request that a policy is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The requested URL, without the signature parameters.
    pub url: &'a str,
    /// The current time, in seconds since 1970.
    pub time: i64,
    /// The viewer's address.
    pub source: IpAddr,
}

/// Returns the text of a canned policy, which is signed but not sent.
///
/// It has no white space and a fixed order of members, because the signer and CloudFront must produce the same bytes.
/// See
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>.
pub fn canned(url: &str, expires: i64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    )
}

/// A custom policy: one statement with a resource and conditions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    // CloudFront accepts exactly one statement.
    #[serde(rename = "Statement")]
    statement: [Statement; 1],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    /// If absent, the policy applies to all files of all distributions that trust the key.
    #[serde(rename = "Resource", default = "everything")]
    resource: String,
    #[serde(rename = "Condition")]
    condition: Condition,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    #[serde(rename = "DateLessThan")]
    date_less_than: EpochTime,
    #[serde(rename = "DateGreaterThan")]
    date_greater_than: Option<EpochTime>,
    #[serde(rename = "IpAddress")]
    ip_address: Option<SourceIp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochTime {
    #[serde(rename = "AWS:EpochTime")]
    seconds: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceIp {
    #[serde(rename = "AWS:SourceIp")]
    range: String,
}

fn everything() -> String {
    "*".to_owned()
}

impl Policy {
    /// Parses a policy.
    ///
    /// Returns `None` if it deviates from the format that CloudFront documents.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let policy: Self = serde_json::from_slice(text).ok()?;
        let [statement] = &policy.statement;
        let range = statement.condition.ip_address.as_ref().map(|ip| &ip.range);
        if range.is_some_and(|range| parse_range(range).is_none()) {
            return None;
        }
        Some(policy)
    }

    /// Returns whether all conditions hold.
    pub fn allows(&self, access: Access<'_>) -> bool {
        let [Statement { resource, condition }] = &self.statement;
        wildcard::matches(resource, access.url)
            && access.time < condition.date_less_than.seconds
            && condition.date_greater_than.as_ref().is_none_or(|start| access.time > start.seconds)
            && condition.ip_address.as_ref().is_none_or(|ip| in_range(&ip.range, access.source))
    }
}

/// Parses an IPv4 range or a single address into the network and the prefix length.
///
/// CloudFront does not support IPv6 in this condition.
fn parse_range(range: &str) -> Option<(u32, u32)> {
    let (address, length) = range.split_once('/').unwrap_or((range, "32"));
    let length: u32 = length.parse().ok().filter(|&length| length <= 32)?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((u32::from(address), length))
}

fn in_range(range: &str, source: IpAddr) -> bool {
    let (Some((network, length)), IpAddr::V4(source)) = (parse_range(range), source.to_canonical()) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    network & mask == u32::from(source) & mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn access<'a>(url: &'a str, time: i64, source: &str) -> Access<'a> {
        Access { url, time, source: source.parse().unwrap() }
    }

    fn policy(condition: &str) -> Option<Policy> {
        let text = format!(r#"{{"Statement": [{{"Resource":"http://h/P1/*", "Condition":{condition}}}]}}"#);
        Policy::parse(text.as_bytes())
    }

    #[test]
    fn canned_policy_has_the_documented_bytes() {
        assert_eq!(
            canned("https://d.cloudfront.net/a.jpg?size=large", 1_767_290_400),
            r#"{"Statement":[{"Resource":"https://d.cloudfront.net/a.jpg?size=large","Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}"#
        );
    }

    #[test]
    fn every_condition_must_hold() {
        let policy = policy(
            r#"{"DateLessThan":{"AWS:EpochTime":20},"DateGreaterThan":{"AWS:EpochTime":10},"IpAddress":{"AWS:SourceIp":"10.1.0.0/16"}}"#,
        )
        .unwrap();
        assert!(policy.allows(access("http://h/P1/a/b", 15, "10.1.2.3")));
        assert!(policy.allows(access("http://h/P1/a/b", 15, "::ffff:10.1.2.3")));
        assert!(!policy.allows(access("http://h/P2/a/b", 15, "10.1.2.3")));
        assert!(!policy.allows(access("http://h/P1/a/b", 20, "10.1.2.3")));
        assert!(!policy.allows(access("http://h/P1/a/b", 10, "10.1.2.3")));
        assert!(!policy.allows(access("http://h/P1/a/b", 15, "10.2.2.3")));
        assert!(!policy.allows(access("http://h/P1/a/b", 15, "::1")));
    }

    #[test]
    fn other_shapes_are_malformed() {
        assert!(policy("{}").is_none());
        assert!(policy(r#"{"DateLessThan":{"AWS:EpochTime":"20"}}"#).is_none());
        assert!(policy(r#"{"DateLessThan":{"AWS:EpochTime":20},"StringEquals":{"a":"b"}}"#).is_none());
        assert!(
            policy(r#"{"DateLessThan":{"AWS:EpochTime":20},"IpAddress":{"AWS:SourceIp":"10.0.0.0/33"}}"#)
                .is_none()
        );
        let twice = r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":2}}},{"Condition":{"DateLessThan":{"AWS:EpochTime":2}}}]}"#;
        assert!(Policy::parse(twice.as_bytes()).is_none());
    }

    #[test]
    fn ip_range_of_zero_bits_matches_every_address() {
        assert!(in_range("0.0.0.0/0", "203.0.113.9".parse().unwrap()));
        assert!(in_range("203.0.113.9", "203.0.113.9".parse().unwrap()));
        assert!(!in_range("203.0.113.8", "203.0.113.9".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Policy::parse(&text);
        }

        #[test]
        fn canned_policy_parses_as_a_custom_one(path in "[a-zA-Z0-9/._%-]{0,40}", expires in 1_i64..1 << 40) {
            let url = format!("http://h/{path}");
            let policy = Policy::parse(canned(&url, expires).as_bytes()).unwrap();
            prop_assert!(policy.allows(access(&url, expires - 1, "127.0.0.1")));
            prop_assert!(!policy.allows(access(&url, expires, "127.0.0.1")));
        }
    }
}
