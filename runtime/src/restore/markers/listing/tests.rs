//! Listings of a bucket whose contents are computed.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::page::{Entry, Page, PageRequest, VersionList};
use super::{
    CALLS_IN_FLIGHT, KEYS_PER_LISTING, MAXIMUM_KEY_BYTES, MAXIMUM_PAGE, PAGE_AFTER_SKIP, RestoreError,
    WantedKey, common_prefix, just_before, list_versions,
};

/// A bucket with this many keys, each with a delete marker on a data version.
///
/// It counts calls and versions.
#[derive(Default)]
struct Numbered {
    keys: u64,
    calls: Cell<u64>,
    versions: Cell<u64>,
    in_flight: Cell<usize>,
    most_in_flight: Cell<usize>,
}

fn key(number: u64) -> String {
    format!("files/{number:012}")
}

impl Numbered {
    /// Returns the number of the first key that fulfills a condition.
    ///
    /// All later keys fulfill it.
    fn first(&self, holds: impl Fn(&str) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.keys);
        while low < high {
            let middle = low.midpoint(high);
            if holds(&key(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    fn entries<'a>(&'a self, request: &'a PageRequest<'_>) -> impl Iterator<Item = Entry> + 'a {
        let from = match &request.after {
            None => self.first(|key| key >= request.prefix),
            Some((marker, None)) => self.first(|key| key > marker.as_str()),
            Some((marker, Some(_))) => self.first(|key| key >= marker.as_str()),
        };
        let versions = (from..self.keys).flat_map(|number| {
            [("marker", true), ("data", false)].map(|(kind, is_marker)| Entry {
                key: key(number),
                id: format!("{number} {kind}"),
                is_marker,
                is_latest: is_marker,
                modified: 1,
            })
        });
        let marker = request.after.as_ref().and_then(|(_, id)| id.clone());
        let reached = versions.skip(match marker {
            None => 0,
            Some(id) if id.ends_with("marker") => 1,
            Some(_) => 2,
        });
        reached.take_while(|entry| entry.key.starts_with(request.prefix))
    }
}

impl VersionList for Numbered {
    async fn page(&self, request: PageRequest<'_>) -> Result<Option<Page>, RestoreError> {
        self.calls.set(self.calls.get() + 1);
        self.in_flight.set(self.in_flight.get() + 1);
        self.most_in_flight.set(self.most_in_flight.get().max(self.in_flight.get()));
        tokio::task::yield_now().await;
        let mut rest = self.entries(&request).peekable();
        let entries: Vec<Entry> = rest.by_ref().take(request.maximum.unsigned_abs() as usize).collect();
        let last = entries.last().filter(|_| rest.peek().is_some());
        let next = last.map(|entry| (entry.key.clone(), Some(entry.id.clone())));
        self.versions.set(self.versions.get() + entries.len() as u64);
        self.in_flight.set(self.in_flight.get() - 1);
        Ok(Some(Page { entries, next }))
    }
}

/// Lists this many keys of a bucket in which every n-th key is wanted.
async fn list(wanted: u64, gap: u64) -> Numbered {
    let bucket = Numbered { keys: wanted * gap, ..Numbered::default() };
    let keys: Vec<WantedKey> = (0..wanted)
        .map(|index| index * gap)
        .map(|number| WantedKey { key: key(number), ids: BTreeSet::from([format!("{number} marker")]) })
        .collect();
    let found = list_versions(&bucket, &keys).await.unwrap().unwrap();
    assert_eq!(found.len() as u64, wanted);
    for (key, versions) in found {
        assert!(versions.is_hidden && versions.newest_data == Some(1), "{key}: {versions:?}");
        assert_eq!(versions.newest_other_marker, None, "{key}");
        assert_eq!(versions.is_marker.into_values().collect::<Vec<_>>(), [true], "{key}");
    }
    bucket
}

#[tokio::test]
async fn keys_that_are_far_apart_need_one_small_page_each() {
    for wanted in [5_000, 20_000] {
        let bucket = list(wanted, 600).await;
        let ranges = wanted.div_ceil(KEYS_PER_LISTING as u64);
        assert!(bucket.calls.get() <= wanted + ranges, "{} calls", bucket.calls.get());
        let [small, large] = [PAGE_AFTER_SKIP, MAXIMUM_PAGE].map(|page| u64::from(page.unsigned_abs()));
        let most = wanted * small + ranges * large;
        assert!(bucket.versions.get() <= most, "{} versions", bucket.versions.get());
        assert_eq!(bucket.most_in_flight.get() as u64, ranges.min(CALLS_IN_FLIGHT as u64));
    }
}

#[tokio::test]
async fn adjacent_keys_share_large_pages() {
    let bucket = list(10_000, 1).await;
    assert_eq!(bucket.calls.get(), 10_000_u64.div_ceil(KEYS_PER_LISTING as u64));
}

#[tokio::test]
async fn pages_grow_if_wanted_keys_are_near() {
    let bucket = list(4_900, 10).await;
    let full_pages = 4_900 * 10 * 2 / 1_000;
    assert!(bucket.calls.get() <= full_pages + 10, "{} calls", bucket.calls.get());
}

proptest! {
    #[test]
    fn marker_sorts_before_its_key(key in "\\PC{1,20}") {
        prop_assert!(just_before(&key) < key);
    }

    #[test]
    fn marker_is_not_longer_than_a_key_can_be(key in "[a-z]{1018,1024}") {
        let marker = just_before(&key);
        prop_assert!(marker < key && marker.len() <= MAXIMUM_KEY_BYTES);
    }

    #[test]
    fn every_key_in_a_range_has_the_common_prefix(mut keys in prop::collection::vec("[ab\u{e9}/]{1,6}", 1..8)) {
        keys.sort();
        let prefix = common_prefix(&keys[0], &keys[keys.len() - 1]);
        prop_assert!(keys.iter().all(|key| key.starts_with(prefix)));
    }
}
