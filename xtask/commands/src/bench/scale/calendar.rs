//! Events in the order of their times.

use std::collections::BTreeMap;
use std::time::Duration;

/// The events that are still to happen. Events of the same time happen in the order in which they were added.
pub(super) struct Calendar<E> {
    events: BTreeMap<(Duration, u64), E>,
    added: u64,
}

impl<E> Default for Calendar<E> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), added: 0 }
    }
}

impl<E> Calendar<E> {
    pub(super) fn add(&mut self, time: Duration, event: E) {
        self.events.insert((time, self.added), event);
        self.added += 1;
    }

    /// Removes the next event before a time.
    pub(super) fn next_before(&mut self, end: Duration) -> Option<(Duration, E)> {
        let next = self.events.first_entry()?;
        (next.key().0 < end).then(|| next.remove_entry()).map(|((time, _), event)| (time, event))
    }

    /// Returns how many of the events that are still to happen are of a kind.
    pub(super) fn count(&self, is_counted: impl Fn(&E) -> bool) -> usize {
        self.events.values().filter(|event| is_counted(event)).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn events_are_sorted_and_those_of_one_time_keep_their_order(times in prop::collection::vec(0_u64..5, 0..50)) {
            let mut calendar = Calendar::default();
            for (number, time) in times.iter().enumerate() {
                calendar.add(Duration::from_secs(*time), number);
            }
            let end = Duration::from_secs(4);
            let happened: Vec<_> = std::iter::from_fn(|| calendar.next_before(end)).collect();
            prop_assert!(happened.is_sorted());
            prop_assert_eq!(happened.len(), times.iter().filter(|time| **time < 4).count());
        }
    }
}
