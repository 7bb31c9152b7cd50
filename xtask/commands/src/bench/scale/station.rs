//! Servers with one queue.

use std::collections::VecDeque;
use std::time::Duration;

use super::calendar::Calendar;

/// A number of equal servers, and what waits for one of them: first come, first served.
pub(super) struct Station<T> {
    servers: u32,
    busy: u32,
    most_busy: u32,
    waiting: VecDeque<T>,
}

impl<T> Station<T> {
    pub(super) fn new(servers: u32) -> Self {
        Self { servers, busy: 0, most_busy: 0, waiting: VecDeque::new() }
    }

    /// Returns the item if a server is free; otherwise the item waits.
    pub(super) fn arrive(&mut self, item: T) -> Option<T> {
        if self.busy == self.servers {
            self.waiting.push_back(item);
            return None;
        }
        self.busy += 1;
        self.most_busy = self.most_busy.max(self.busy);
        Some(item)
    }

    /// Frees a server, and returns the item that it serves next.
    pub(super) fn finish(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.busy = self.busy.saturating_sub(1);
        }
        next
    }

    /// Returns how many items wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns how many servers were busy at the same time.
    pub(super) fn most_busy(&self) -> u32 {
        self.most_busy
    }
}

/// Returns the time that each request spends at a station, in the order in which they end.
pub(in crate::bench) fn latencies(
    arrivals: impl IntoIterator<Item = Duration>,
    mut service_time: impl FnMut() -> Duration,
    servers: u32,
) -> Vec<Duration> {
    enum Event {
        Arrives,
        Ends { arrived: Duration },
    }
    let mut calendar = Calendar::default();
    for time in arrivals {
        calendar.add(time, Event::Arrives);
    }
    let mut station = Station::new(servers);
    let mut latencies = Vec::new();
    while let Some((now, event)) = calendar.next_before(Duration::MAX) {
        let next = match event {
            Event::Arrives => station.arrive(now),
            Event::Ends { arrived } => {
                latencies.push(now.saturating_sub(arrived));
                station.finish()
            }
        };
        if let Some(arrived) = next {
            calendar.add(now + service_time(), Event::Ends { arrived });
        }
    }
    latencies
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;

    use super::*;
    use crate::load::schedule::{Arrivals, Rate, Schedule, exponential};

    /// Returns the mean latency in seconds of exponential service times with mean 1.
    fn mean(rate: f64, servers: u32, seed: u64) -> f64 {
        let end = Duration::from_secs_f64(60_000.0 / rate);
        // Generators whose seeds are close together are correlated.
        let mut generator = Rng::with_seed(seed);
        let rate = Rate::per_second(rate);
        let arrivals = Schedule::new(Arrivals::Poisson, rate, end, generator.fork());
        let service_time = || Duration::from_secs_f64(exponential(&mut generator));
        let latencies = latencies(arrivals, service_time, servers);
        let count = f64::from(u32::try_from(latencies.len()).unwrap());
        latencies.iter().map(Duration::as_secs_f64).sum::<f64>() / count
    }

    /// Returns the mean latency by the formula of Erlang: <https://en.wikipedia.org/wiki/M/M/c_queue>.
    fn formula(rate: f64, servers: u32) -> f64 {
        let mut blocked = 1.0;
        for number in 1..=servers {
            let number = f64::from(number);
            blocked = rate * blocked / (number + rate * blocked);
        }
        let utilization = rate / f64::from(servers);
        let waits = blocked / (1.0 - utilization * (1.0 - blocked));
        waits / (f64::from(servers) - rate) + 1.0
    }

    #[test]
    fn means_are_those_of_the_formulas() {
        assert!((formula(0.5, 1) - 2.0).abs() < 1e-9, "one server: 1 / (1 - 0.5)");
        for (rate, servers) in [(0.3, 1), (0.7, 1), (1.4, 2), (3.2, 4), (18.0, 20)] {
            let (measured, expected) = (mean(rate, servers, 11), formula(rate, servers));
            assert!((measured / expected - 1.0).abs() < 0.05, "{servers} servers: {measured} {expected}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_first_that_comes_is_served_first(
            arrives in prop::collection::vec(any::<bool>(), 0..200),
            servers in 1_u32..5,
        ) {
            let mut station = Station::new(servers);
            let (mut arrived, mut started, mut in_service) = (0_usize, Vec::new(), 0);
            for arrives in arrives {
                if arrives {
                    let next = station.arrive(arrived);
                    arrived += 1;
                    in_service += u32::from(next.is_some());
                    started.extend(next);
                } else if in_service > 0 {
                    let next = station.finish();
                    in_service -= u32::from(next.is_none());
                    started.extend(next);
                }
                prop_assert!(in_service <= servers && station.most_busy() <= servers);
                prop_assert_eq!(arrived, started.len() + station.waiting.len());
                prop_assert!(station.waiting.is_empty() || in_service == servers);
            }
            prop_assert!(started.iter().copied().eq(0..started.len()));
        }

        #[test]
        fn every_request_ends(count in 0_u32..100, servers in 1_u32..5) {
            let arrivals = (0..count).map(|number| Duration::from_millis(number.into()));
            let service_time = Duration::from_millis(3);
            let latencies = latencies(arrivals, || service_time, servers);
            prop_assert_eq!(latencies.len(), count as usize);
            prop_assert!(latencies.iter().all(|latency| *latency >= service_time));
        }
    }
}
