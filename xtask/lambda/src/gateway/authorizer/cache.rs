//! A cache of authorizer decisions.
//!
//! The key is only the identity, as on AWS: a decision made for one route applies to all routes of the authorizer,
//! rejections included. Failures are not cached.

use std::collections::HashMap;
use std::time::Instant;

use super::Decision;

/// More callers than one machine ever has. A full cache is cleared.
const MAXIMUM_ENTRIES: usize = 10_000;

#[derive(Default)]
pub(super) struct DecisionCache {
    entries: HashMap<Vec<String>, (Decision, Instant)>,
}

impl DecisionCache {
    /// Returns the decision about an identity if it has not expired.
    pub(super) fn get(&self, identity: &[String], now: Instant) -> Option<Decision> {
        self.entries.get(identity).filter(|(_, until)| now < *until).map(|(decision, _)| decision.clone())
    }

    pub(super) fn insert(&mut self, identity: Vec<String>, decision: Decision, now: Instant, until: Instant) {
        if self.entries.len() >= MAXIMUM_ENTRIES {
            self.entries.retain(|_, (_, until)| now < *until);
        }
        if self.entries.len() >= MAXIMUM_ENTRIES {
            self.entries.clear();
        }
        self.entries.insert(identity, (decision, until));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const YES: Decision = Decision { is_authorized: true, context: None };
    const NO: Decision = Decision { is_authorized: false, context: None };
    const SECOND: Duration = Duration::from_secs(1);

    fn identity(token: &str, dataset: &str) -> Vec<String> {
        vec![token.to_owned(), dataset.to_owned()]
    }

    #[test]
    fn decision_is_cached_until_it_expires() {
        let (mut cache, now) = (DecisionCache::default(), Instant::now());
        cache.insert(identity("t", "d"), NO, now, now + 300 * SECOND);
        assert_eq!(cache.get(&identity("t", "d"), now + 299 * SECOND), Some(NO));
        assert_eq!(cache.get(&identity("t", "d"), now + 300 * SECOND), None);
        cache.insert(identity("t", "d"), YES, now + 300 * SECOND, now + 600 * SECOND);
        assert_eq!(cache.get(&identity("t", "d"), now + 301 * SECOND), Some(YES));
    }

    #[test]
    fn every_part_of_the_identity_counts() {
        let (mut cache, now) = (DecisionCache::default(), Instant::now());
        cache.insert(identity("t", "d"), YES, now, now + SECOND);
        for other in [identity("t", "e"), identity("u", "d"), identity("td", ""), vec!["t".to_owned()]] {
            assert_eq!(cache.get(&other, now), None, "{other:?}");
        }
    }

    #[test]
    fn full_cache_evicts_expired_decisions_first() {
        let (mut cache, now) = (DecisionCache::default(), Instant::now());
        for number in 0..MAXIMUM_ENTRIES - 1 {
            cache.insert(identity(&number.to_string(), "d"), YES, now, now + SECOND);
        }
        cache.insert(identity("kept", "d"), YES, now, now + 10 * SECOND);
        cache.insert(identity("new", "d"), YES, now + 2 * SECOND, now + 10 * SECOND);
        assert_eq!(cache.entries.len(), 2);
        assert_eq!(cache.get(&identity("kept", "d"), now + 3 * SECOND), Some(YES));
    }
}
