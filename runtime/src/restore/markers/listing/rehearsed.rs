//! A bucket whose pages are there before they are requested.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::page::{Entry, Page, PageRequest, VersionList};
use crate::restore::error::RestoreError;
use crate::restore::records::Version;

/// A bucket with the pages that a restore requests, in this order.
pub(in crate::restore) struct RehearsedBucket(RefCell<VecDeque<Page>>);

impl RehearsedBucket {
    /// Returns a bucket with these pages of delete markers, each on a data version.
    pub(super) fn new<'a>(pages: impl Iterator<Item = &'a [Version]>) -> Self {
        let entries = |marker: &Version| {
            let marked = |id: String, is_marker| Entry {
                key: marker.key.clone(),
                id,
                is_marker,
                is_latest: is_marker,
                modified: i64::from(is_marker),
            };
            [marked(marker.id.clone(), true), marked(format!("{}-data", marker.id), false)]
        };
        let page =
            |markers: &[Version]| Page { entries: markers.iter().flat_map(entries).collect(), next: None };
        Self(RefCell::new(pages.map(page).collect()))
    }
}

impl VersionList for RehearsedBucket {
    async fn page(&self, _: PageRequest<'_>) -> Result<Option<Page>, RestoreError> {
        Ok(self.0.borrow_mut().pop_front())
    }
}
