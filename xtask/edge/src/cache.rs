//! The cache for small objects, and for small ranges of large ones.
//!
//! Each range is cached by itself, with the headers of the version of the object that it belongs to, and expires by
//! itself: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html>. An object that is
//! overwritten does not leave the cache before it expires:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>. So a viewer that
//! reads an overwritten object by ranges gets some of the older version and some of the newer one, each with its own
//! `ETag`. That no edge location drops the older ranges earlier is a guess, the strictest one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::origin::Metadata;
use super::range::{Bounds, ByteRange, Requested};

/// Size limit of a cached object or range, in bytes. Larger ones are streamed and never cached.
pub const LARGEST: u64 = 1024 * 1024;

/// Maximum total size of all entries, in bytes.
const CAPACITY: usize = 64 * 1024 * 1024;

/// The size of an entry besides its body: its key and its metadata, approximately.
const OVERHEAD: usize = 2048;

/// Bytes of an object in memory.
#[derive(Clone, Debug)]
pub struct Held {
    /// Headers of the object.
    pub metadata: Arc<Metadata>,
    /// The range, unless it is the whole object.
    pub range: Option<ByteRange>,
    /// The complete object or range.
    pub body: Bytes,
}

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Name of the bucket.
    pub bucket: Arc<str>,
    /// Key of the object.
    pub key: Arc<str>,
}

/// A cache with the origin and the path as its key, like the emulated cache policies.
///
/// When the cache is full, the oldest entries are evicted. Errors are not cached (CloudFront caches them for ten
/// seconds).
#[derive(Debug, Default)]
pub struct Cache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: HashMap<Address, Parts>,
    /// Entries in the order in which they were stored.
    arrivals: BTreeMap<u64, (Address, Option<ByteRange>)>,
    next_arrival: u64,
    size: usize,
}

/// What is cached of an object.
#[derive(Debug, Default)]
struct Parts {
    whole: Option<Entry>,
    ranges: BTreeMap<ByteRange, Entry>,
}

#[derive(Debug)]
struct Entry {
    held: Held,
    arrival: u64,
    stored: Instant,
    expires: Instant,
}

impl Cache {
    /// Returns the object, or a range of it that contains the requested one, with the time since it was stored.
    ///
    /// A range is returned only if `is_meant` holds for the version of the object that it belongs to.
    pub fn get(
        &self,
        address: &Address,
        requested: &Requested,
        is_meant: impl Fn(&Metadata) -> bool,
    ) -> Option<(Held, Duration)> {
        let now = Instant::now();
        self.with(|state| {
            let parts = state.objects.get(address)?;
            let entry = match (&parts.whole, requested) {
                (Some(entry), _) if entry.is_fresh(now) => entry,
                (_, Requested::One(bounds)) => parts.part(*bounds, now, is_meant)?,
                _ => return None,
            };
            Some((entry.held.clone(), now.saturating_duration_since(entry.stored)))
        })
    }

    /// Stores an object, or a range of it, until `ttl` has passed.
    pub fn put(&self, address: &Address, held: Held, ttl: Duration) {
        let stored = Instant::now();
        let Some(expires) = stored.checked_add(ttl).filter(|_| !ttl.is_zero()) else {
            return;
        };
        self.with(|state| {
            state.remove(address, held.range);
            while state.size + held.size() > CAPACITY {
                let Some((_, (address, range))) = state.arrivals.pop_first() else { return };
                state.remove(&address, range);
            }
            let (arrival, range) = (state.next_arrival, held.range);
            state.next_arrival += 1;
            state.size += held.size();
            state.arrivals.insert(arrival, (address.clone(), range));
            let entry = Entry { held, arrival, stored, expires };
            let parts = state.objects.entry(address.clone()).or_default();
            match range {
                None => parts.whole = Some(entry),
                Some(range) => {
                    parts.ranges.insert(range, entry);
                }
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // After a panic elsewhere, the total size may be wrong, but the objects are still valid.
        work(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Held {
    fn size(&self) -> usize {
        self.body.len() + OVERHEAD
    }
}

impl Entry {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.expires
    }
}

impl Parts {
    /// Returns a cached range that contains the requested one.
    fn part(&self, bounds: Bounds, now: Instant, is_meant: impl Fn(&Metadata) -> bool) -> Option<&Entry> {
        let contains = |range: &ByteRange, entry: &Entry| {
            let metadata = &entry.held.metadata;
            bounds.resolve(metadata.size).is_some_and(|wanted| range.contains(wanted))
                && entry.is_fresh(now)
                && is_meant(metadata)
        };
        // An object can have thousands of cached ranges. Only those that begin at most this far before it can contain it.
        let from = match bounds {
            Bounds::Between(first, _) | Bounds::From(first) => Some(first),
            Bounds::Last(_) => None,
        };
        let start = |first| ByteRange { first, last: 0 };
        let candidates = match from {
            Some(first) => {
                self.ranges.range(start(first.saturating_sub(LARGEST))..start(first.saturating_add(1)))
            }
            None => self.ranges.range(start(0)..),
        };
        candidates.rev().find(|(range, entry)| contains(range, entry)).map(|(_, entry)| entry)
    }
}

impl State {
    fn remove(&mut self, address: &Address, range: Option<ByteRange>) {
        let Some(parts) = self.objects.get_mut(address) else { return };
        let removed = match range {
            None => parts.whole.take(),
            Some(range) => parts.ranges.remove(&range),
        };
        if parts.whole.is_none() && parts.ranges.is_empty() {
            self.objects.remove(address);
        }
        if let Some(entry) = removed {
            self.size -= entry.held.size();
            self.arrivals.remove(&entry.arrival);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn address(key: &str) -> Address {
        Address { bucket: "b".into(), key: key.into() }
    }

    fn held(range: Option<ByteRange>, body: Bytes) -> Held {
        let mut metadata = Metadata::default();
        metadata.size = 1 << 40;
        Held { metadata: Arc::new(metadata), range, body }
    }

    fn whole(cache: &Cache, key: &str) -> Option<Bytes> {
        cache.get(&address(key), &Requested::Whole, |_| true).map(|(held, _)| held.body)
    }

    #[test]
    fn entry_is_cached_until_it_expires() {
        let cache = Cache::default();
        cache.put(&address("a"), held(None, Bytes::from_static(b"x")), HOUR);
        cache.put(&address("b"), held(None, Bytes::new()), Duration::ZERO);
        cache.put(&address("c"), held(None, Bytes::new()), Duration::from_nanos(1));
        assert_eq!(whole(&cache, "a").unwrap(), "x");
        let elsewhere = Address { bucket: "c".into(), key: "a".into() };
        assert!(cache.get(&elsewhere, &Requested::Whole, |_| true).is_none());
        assert!(whole(&cache, "b").is_none());
        assert!(whole(&cache, "c").is_none());
    }

    #[test]
    fn range_is_found_within_a_cached_one_of_the_same_object() {
        let cache = Cache::default();
        let range = |first, last| Some(ByteRange { first, last });
        let body = Bytes::from_static(b"0123456789");
        for key in ["a", "b"] {
            cache.put(&address(key), held(range(10, 19), body.clone()), HOUR);
        }
        cache.put(&address("a"), held(range(30, 39), body.clone()), HOUR);
        cache.put(&address("a"), held(range((1 << 40) - 10, (1 << 40) - 1), body), HOUR);
        let found = |key, bounds, is_meant: bool| {
            let (held, _) = cache.get(&address(key), &Requested::One(bounds), |_| is_meant)?;
            assert_eq!(held.body, "0123456789");
            held.range.map(|range| range.first)
        };
        assert_eq!(found("a", Bounds::Between(12, 19), true), Some(10));
        assert_eq!(found("a", Bounds::Between(12, 19), false), None);
        assert_eq!(found("a", Bounds::Between(30, 30), true), Some(30));
        assert_eq!(found("b", Bounds::Between(30, 30), true), None);
        assert_eq!(found("a", Bounds::Between(18, 20), true), None);
        assert_eq!(found("a", Bounds::Last(5), true), Some((1 << 40) - 10));
        assert_eq!(found("a", Bounds::From((1 << 40) - 3), true), Some((1 << 40) - 10));
        assert_eq!(found("a", Bounds::Last(11), true), None);
        assert!(whole(&cache, "a").is_none(), "a range is not the object");
    }

    #[test]
    fn largest_range_is_found_by_its_last_byte() {
        let cache = Cache::default();
        let range = ByteRange { first: 7, last: 6 + LARGEST };
        cache.put(&address("a"), held(Some(range), Bytes::new()), HOUR);
        let found =
            |first| cache.get(&address("a"), &Requested::One(Bounds::Between(first, first)), |_| true);
        assert!(found(6 + LARGEST).is_some());
        assert!(found(7 + LARGEST).is_none());
        assert!(found(6).is_none());
    }

    #[test]
    fn oldest_entries_are_evicted_first() {
        let cache = Cache::default();
        let body = Bytes::from(vec![0; CAPACITY / 4 - OVERHEAD]);
        for key in ["1", "2", "3", "4", "1", "5"] {
            cache.put(&address(key), held(None, body.clone()), HOUR);
        }
        let there = |key| whole(&cache, key).is_some();
        assert!(!there("2"));
        assert!(there("1") && there("3") && there("4") && there("5"));
        assert!(cache.with(|state| state.size) <= CAPACITY);
    }

    /// Entries without bytes take memory too.
    #[test]
    fn number_of_entries_is_limited() {
        let cache = Cache::default();
        for number in 0..2 * CAPACITY / OVERHEAD {
            cache.put(&address(&number.to_string()), held(None, Bytes::new()), HOUR);
        }
        let (objects, arrivals) = cache.with(|state| (state.objects.len(), state.arrivals.len()));
        assert_eq!((objects, arrivals), (CAPACITY / OVERHEAD, CAPACITY / OVERHEAD));
    }
}
