//! The metrics that all parts of the local stack share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::embedded;
use crate::metric::Metric;
use crate::periods::Periods;
use crate::statistic::Statistic;
use crate::store::{Datum, Store};

/// The metrics of the last day; clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    store: Arc<Mutex<Store>>,
    /// Whether the limit on metrics was reported.
    limit_reported: Arc<AtomicBool>,
    /// Whether an invalid line was reported.
    invalid_reported: Arc<AtomicBool>,
}

impl Metrics {
    /// Records a value at a time in Unix seconds.
    pub fn record(&self, metric: &Metric, unit: &str, value: f64, time: i64) {
        if !self.store().record(metric, unit, value, time)
            && !self.limit_reported.swap(true, Ordering::Relaxed)
        {
            let Metric { namespace, name, .. } = metric;
            tracing::warn!("there are too many metrics; values of {namespace} {name} and others are dropped");
        }
    }

    /// Records the metrics of a log line, if it has any. The first invalid line is reported.
    pub fn record_line(&self, line: &str) {
        let extracted = embedded::extract(line);
        for value in extracted.values {
            self.record(&value.metric, &value.unit, value.value, value.time);
        }
        if let Some(error) = extracted.error
            && !self.invalid_reported.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("a log line has metrics that CloudWatch ignores: {error}");
        }
    }

    /// Removes what is older than a day.
    pub fn expire(&self, now: i64) {
        self.store().expire(now);
    }

    /// Returns a statistic of each period, or none for a period without values.
    pub fn series(&self, metric: &Metric, statistic: Statistic, periods: Periods) -> Vec<Option<f64>> {
        self.store().series(metric, statistic, periods)
    }

    /// Returns the metrics in a namespace with a name.
    pub fn named(&self, namespace: &str, name: &str) -> Vec<Metric> {
        self.store().named(namespace, name)
    }

    /// Returns the values that were recorded since the last call.
    pub fn take_undelivered(&self) -> Vec<Datum> {
        self.store().take_undelivered()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // No operation on the store can panic halfway, so a poisoned store is still valid.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
