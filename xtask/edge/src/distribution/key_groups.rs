//! What an edge location knows of key groups.
//!
//! CloudFront propagates a changed key group to its edge locations, and reports for none of them when it has arrived:
//! a key group has a time of its last change, and no status
//! (<https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_KeyGroup.html>). How long it takes is not documented.

use std::collections::BTreeMap;
use std::time::Duration;

/// The keys of a key group: PEM by public key id.
pub(super) type Keys = BTreeMap<String, String>;

/// The key groups as an edge location knows them.
#[derive(Debug, Default)]
pub struct KeyGroups {
    delay: Duration,
    known: BTreeMap<String, Keys>,
}

impl KeyGroups {
    /// Creates the knowledge of an edge location that learns of each change after `delay`.
    pub fn new(delay: Duration) -> Self {
        Self { delay, known: BTreeMap::new() }
    }

    /// Returns the keys of a group that this edge location knows.
    ///
    /// Times are in milliseconds since 1970. A group that was never seen is known at once: it belongs to a distribution
    /// whose deployment to the edge locations is complete.
    pub(super) fn known(&mut self, id: &str, deployed: Keys, changed: i64, now: i64) -> Keys {
        let delay = i64::try_from(self.delay.as_millis()).unwrap_or(i64::MAX);
        match self.known.get(id) {
            Some(before) if now < changed.saturating_add(delay) => before.clone(),
            _ => {
                self.known.insert(id.to_owned(), deployed.clone());
                deployed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(id: &str) -> Keys {
        Keys::from([(id.to_owned(), "pem".to_owned())])
    }

    #[test]
    fn changed_group_is_known_after_the_delay() {
        let mut groups = KeyGroups::new(Duration::from_secs(5));
        assert_eq!(groups.known("g", keys("old"), 0, 10_000), keys("old"));
        assert_eq!(groups.known("g", keys("new"), 11_000, 11_000), keys("old"));
        assert_eq!(groups.known("g", keys("new"), 11_000, 15_999), keys("old"));
        assert_eq!(groups.known("g", keys("new"), 11_000, 16_000), keys("new"));
        // A change without a request in between counts from its own time.
        assert_eq!(groups.known("g", keys("newest"), 20_000, 25_000), keys("newest"));
    }

    #[test]
    fn new_group_is_known_at_once() {
        let mut groups = KeyGroups::new(Duration::from_secs(5));
        assert_eq!(groups.known("g", keys("a"), 10_000, 10_000), keys("a"));
    }

    #[test]
    fn change_is_known_at_once_without_a_delay() {
        let mut groups = KeyGroups::default();
        groups.known("g", keys("a"), 0, 0);
        assert_eq!(groups.known("g", keys("b"), 10_000, 10_000), keys("b"));
    }
}
