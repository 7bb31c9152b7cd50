//! The cache for small objects.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::origin::Metadata;
use super::origin::Origin;

/// Size limit of a cached object, in bytes. Larger objects are streamed and never cached.
pub const LARGEST_OBJECT: u64 = 1024 * 1024;

/// Maximum total size of all cached objects, in bytes.
const CAPACITY: usize = 64 * 1024 * 1024;

/// A cached object.
#[derive(Clone, Debug)]
pub struct Cached {
    /// Headers of the object.
    pub metadata: Metadata,
    /// The complete object.
    pub body: Bytes,
    /// Time since the object was stored.
    pub age: Duration,
}

/// A cache with the origin and the path as its key, like the emulated cache policies.
///
/// When the cache is full, the oldest objects are evicted. Errors are not cached (CloudFront caches them for ten
/// seconds).
#[derive(Debug, Default)]
pub struct Cache {
    state: Mutex<State>,
}

type Key = (String, String);

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// Keys in the order in which they were stored.
    arrivals: BTreeMap<u64, Key>,
    next_arrival: u64,
    size: usize,
}

#[derive(Debug)]
struct Entry {
    metadata: Metadata,
    body: Bytes,
    arrival: u64,
    stored: Instant,
    expires: Instant,
}

impl Cache {
    /// Returns the object at `key` unless it is missing or has expired.
    pub fn get(&self, origin: &Origin, key: &str) -> Option<Cached> {
        let now = Instant::now();
        self.with(|state| {
            let entry = state.entries.get(&(origin.bucket.clone(), key.to_owned()))?;
            (now < entry.expires).then(|| Cached {
                metadata: entry.metadata.clone(),
                body: entry.body.clone(),
                age: now.saturating_duration_since(entry.stored),
            })
        })
    }

    /// Stores an object until `ttl` has passed.
    pub fn put(&self, origin: &Origin, key: &str, metadata: Metadata, body: Bytes, ttl: Duration) {
        let stored = Instant::now();
        let Some(expires) = stored.checked_add(ttl).filter(|_| !ttl.is_zero()) else {
            return;
        };
        let key = (origin.bucket.clone(), key.to_owned());
        self.with(|state| {
            state.remove(&key);
            while state.size + body.len() > CAPACITY {
                let Some((_, oldest)) = state.arrivals.pop_first() else { return };
                state.remove(&oldest);
            }
            let arrival = state.next_arrival;
            state.next_arrival += 1;
            state.size += body.len();
            state.arrivals.insert(arrival, key.clone());
            state.entries.insert(key, Entry { metadata, body, arrival, stored, expires });
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // After a panic elsewhere, the total size may be wrong, but the objects are still valid.
        work(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl State {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.size -= entry.body.len();
            self.arrivals.remove(&entry.arrival);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::bucket_policy::BucketPolicy;

    const HOUR: Duration = Duration::from_hours(1);

    fn origin(bucket: &str) -> Origin {
        Origin { bucket: bucket.to_owned(), path: String::new(), policy: BucketPolicy::default() }
    }

    #[test]
    fn entry_is_cached_until_it_expires() {
        let cache = Cache::default();
        cache.put(&origin("b"), "/a", Metadata::default(), Bytes::from_static(b"x"), HOUR);
        cache.put(&origin("b"), "/b", Metadata::default(), Bytes::new(), Duration::ZERO);
        cache.put(&origin("b"), "/c", Metadata::default(), Bytes::new(), Duration::from_nanos(1));
        assert_eq!(cache.get(&origin("b"), "/a").unwrap().body, "x");
        assert!(cache.get(&origin("c"), "/a").is_none());
        assert!(cache.get(&origin("b"), "/b").is_none());
        assert!(cache.get(&origin("b"), "/c").is_none());
    }

    #[test]
    fn oldest_entries_are_evicted_first() {
        let cache = Cache::default();
        let body = Bytes::from(vec![0; CAPACITY / 4]);
        for key in ["1", "2", "3", "4", "1", "5"] {
            cache.put(&origin("b"), key, Metadata::default(), body.clone(), HOUR);
        }
        let there = |key| cache.get(&origin("b"), key).is_some();
        assert!(!there("2"));
        assert!(there("1") && there("3") && there("4") && there("5"));
        assert!(cache.with(|state| state.size) <= CAPACITY);
    }
}
