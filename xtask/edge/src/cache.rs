//! The cache for small objects, and for small ranges of large ones.
//!
//! Each range is cached by itself, with the headers of the version of the object that it belongs to, and expires by
//! itself: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>. An object that is
//! overwritten does not leave the cache before it expires:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>. So a viewer that
//! reads an overwritten object by ranges gets some of the older version and some of the newer one, each with its own
//! `ETag`. That no edge location drops the older ranges earlier is a guess, the strictest one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::origin::Metadata;
use super::origin::Origin;
use super::range::ByteRange;

/// Size limit of a cached object or range, in bytes. Larger ones are streamed and never cached.
pub const LARGEST: u64 = 1024 * 1024;

/// Maximum total size of all cached objects, in bytes.
const CAPACITY: usize = 64 * 1024 * 1024;

/// A cached object, or a cached range of it.
#[derive(Clone, Debug)]
pub struct Cached {
    /// Headers of the object.
    pub metadata: Metadata,
    /// The complete object or range.
    pub body: Bytes,
    /// Time since it was stored.
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

/// Bucket, path, and the range, unless the entry is a whole object.
type Key = (String, String, Option<ByteRange>);

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Key, Entry>,
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
            let entry = state.entries.get(&(origin.bucket.clone(), key.to_owned(), None))?;
            entry.is_fresh(now).then(|| entry.cached(now))
        })
    }

    /// Returns a cached range of the object at `key`, with its position, that contains the wanted range.
    ///
    /// `wanted` returns the range for a version of the object, because a range may count from its end.
    pub fn get_range(
        &self,
        origin: &Origin,
        key: &str,
        wanted: impl Fn(&Metadata) -> Option<ByteRange>,
    ) -> Option<(ByteRange, Cached)> {
        let now = Instant::now();
        let first = (origin.bucket.clone(), key.to_owned(), None);
        self.with(|state| {
            let of_object = state
                .entries
                .range(&first..)
                .take_while(|((bucket, path, _), _)| *bucket == first.0 && *path == first.1);
            let mut fresh = of_object.filter(|(_, entry)| entry.is_fresh(now));
            fresh.find_map(|((.., range), entry)| {
                let range =
                    range.filter(|range| wanted(&entry.metadata).is_some_and(|it| range.contains(it)))?;
                Some((range, entry.cached(now)))
            })
        })
    }

    /// Stores an object, or a range of it, until `ttl` has passed.
    pub fn put(
        &self,
        origin: &Origin,
        key: &str,
        range: Option<ByteRange>,
        metadata: Metadata,
        body: Bytes,
        ttl: Duration,
    ) {
        let stored = Instant::now();
        let Some(expires) = stored.checked_add(ttl).filter(|_| !ttl.is_zero()) else {
            return;
        };
        let key = (origin.bucket.clone(), key.to_owned(), range);
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

impl Entry {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.expires
    }

    fn cached(&self, now: Instant) -> Cached {
        Cached {
            metadata: self.metadata.clone(),
            body: self.body.clone(),
            age: now.saturating_duration_since(self.stored),
        }
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
        cache.put(&origin("b"), "/a", None, Metadata::default(), Bytes::from_static(b"x"), HOUR);
        cache.put(&origin("b"), "/b", None, Metadata::default(), Bytes::new(), Duration::ZERO);
        cache.put(&origin("b"), "/c", None, Metadata::default(), Bytes::new(), Duration::from_nanos(1));
        assert_eq!(cache.get(&origin("b"), "/a").unwrap().body, "x");
        assert!(cache.get(&origin("c"), "/a").is_none());
        assert!(cache.get(&origin("b"), "/b").is_none());
        assert!(cache.get(&origin("b"), "/c").is_none());
    }

    #[test]
    fn range_is_found_within_a_cached_one_of_the_same_object() {
        let cache = Cache::default();
        let range = |first, last| ByteRange { first, last };
        let body = Bytes::from_static(b"0123456789");
        for key in ["/a", "/b"] {
            cache.put(&origin("b"), key, Some(range(10, 19)), Metadata::default(), body.clone(), HOUR);
        }
        cache.put(&origin("b"), "/a", Some(range(30, 39)), Metadata::default(), body, HOUR);
        let found = |key, wanted| {
            let (range, cached) = cache.get_range(&origin("b"), key, |_| Some(wanted))?;
            assert_eq!(cached.body, "0123456789");
            Some(range.first)
        };
        assert_eq!(found("/a", range(12, 19)), Some(10));
        assert_eq!(found("/a", range(30, 30)), Some(30));
        assert_eq!(found("/b", range(30, 30)), None);
        assert_eq!(found("/a", range(18, 20)), None);
        assert!(cache.get(&origin("b"), "/a").is_none(), "a range is not the object");
    }

    #[test]
    fn oldest_entries_are_evicted_first() {
        let cache = Cache::default();
        let body = Bytes::from(vec![0; CAPACITY / 4]);
        for key in ["1", "2", "3", "4", "1", "5"] {
            cache.put(&origin("b"), key, None, Metadata::default(), body.clone(), HOUR);
        }
        let there = |key| cache.get(&origin("b"), key).is_some();
        assert!(!there("2"));
        assert!(there("1") && there("3") && there("4") && there("5"));
        assert!(cache.with(|state| state.size) <= CAPACITY);
    }
}
