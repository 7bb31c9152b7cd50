//! Keeps the values of metrics by minute.

use std::collections::BTreeMap;

use crate::metric::Metric;
use crate::periods::Periods;
use crate::statistic::{Statistic, Summary};

/// How long values are kept.
const KEPT_MINUTES: i64 = 24 * 60;
/// The number of metrics that are kept. A dimension with many values would otherwise fill the memory.
const MAXIMUM_METRICS: usize = 2_000;
/// The number of values that wait for delivery.
const MAXIMUM_UNDELIVERED: usize = 20_000;

/// Values of one metric in one minute, for `PutMetricData`.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// The metric.
    pub metric: Metric,
    /// The unit, such as `Count`.
    pub unit: String,
    /// The minute, as Unix seconds.
    pub time: i64,
    /// Each value with the number of times that it occurred.
    pub values: Vec<(f64, f64)>,
}

#[derive(Debug, Default)]
struct Series {
    unit: String,
    minutes: BTreeMap<i64, Summary>,
    /// Values that were not delivered yet.
    undelivered: BTreeMap<i64, Vec<(f64, f64)>>,
}

/// The values of the last day.
#[derive(Debug, Default)]
pub(crate) struct Store {
    series: BTreeMap<Metric, Series>,
    undelivered: usize,
}

impl Store {
    /// Records a value. Returns false if there are too many metrics.
    pub(crate) fn record(&mut self, metric: &Metric, unit: &str, value: f64, time: i64) -> bool {
        if !value.is_finite() {
            return true;
        }
        if !self.series.contains_key(metric) && self.series.len() >= MAXIMUM_METRICS {
            return false;
        }
        let series = self.series.entry(metric.clone()).or_default();
        if series.unit != unit {
            unit.clone_into(&mut series.unit);
        }
        let minute = time.div_euclid(60);
        series.minutes.entry(minute).or_default().add(value, 1.0);
        if self.undelivered < MAXIMUM_UNDELIVERED {
            let values = series.undelivered.entry(minute).or_default();
            // A gauge is recorded every few seconds and seldom changes.
            #[expect(clippy::float_cmp, reason = "only the same value is counted together")]
            let same = values.last_mut().filter(|(last, _)| *last == value);
            if let Some((_, count)) = same {
                *count += 1.0;
            } else {
                values.push((value, 1.0));
                self.undelivered += 1;
            }
        }
        true
    }

    /// Removes what is older than a day.
    pub(crate) fn expire(&mut self, now: i64) {
        let oldest = now.div_euclid(60) - KEPT_MINUTES;
        self.series.retain(|_, series| {
            series.minutes = series.minutes.split_off(&oldest);
            !series.minutes.is_empty()
        });
    }

    /// Returns a statistic of each period, or none for a period without values.
    pub(crate) fn series(&self, metric: &Metric, statistic: Statistic, periods: Periods) -> Vec<Option<f64>> {
        let Some(series) = self.series.get(metric) else { return vec![None; periods.count] };
        let minutes = periods.seconds / 60;
        let of_period = |start: i64| {
            let first = start.div_euclid(60);
            let mut whole = Summary::default();
            for (_, minute) in series.minutes.range(first..first + minutes) {
                whole.merge(minute);
            }
            whole.get(statistic)
        };
        periods.starts().map(of_period).collect()
    }

    /// Returns the metrics in a namespace with a name.
    pub(crate) fn named(&self, namespace: &str, name: &str) -> Vec<Metric> {
        let of_name = |metric: &&Metric| metric.namespace == namespace && metric.name == name;
        self.series.keys().filter(of_name).cloned().collect()
    }

    /// Returns the values that were recorded since the last call.
    pub(crate) fn take_undelivered(&mut self) -> Vec<Datum> {
        self.undelivered = 0;
        let taken = self.series.iter_mut().flat_map(|(metric, series)| {
            let unit = series.unit.clone();
            std::mem::take(&mut series.undelivered).into_iter().map(move |(minute, values)| Datum {
                metric: metric.clone(),
                unit: unit.clone(),
                time: minute * 60,
                values,
            })
        });
        taken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(function: &str) -> Metric {
        Metric::new("AWS/Lambda", "Errors", [("FunctionName", function)])
    }

    #[test]
    fn series_has_a_value_for_each_period_with_values() {
        let mut store = Store::default();
        for (time, value) in [(0, 1.0), (59, 2.0), (60, 4.0), (300, 8.0)] {
            assert!(store.record(&metric("api"), "Count", value, time));
            store.record(&metric("other"), "Count", 100.0, time);
        }
        let sums = |seconds, count| {
            store.series(&metric("api"), Statistic::Sum, Periods { start: 0, seconds, count })
        };
        assert_eq!(sums(60, 3), [Some(3.0), Some(4.0), None]);
        assert_eq!(sums(300, 2), [Some(7.0), Some(8.0)]);
        let unknown = store.series(&metric("none"), Statistic::Sum, Periods::until(0, 60, 1));
        assert_eq!(unknown, [None]);
    }

    #[test]
    fn values_older_than_a_day_are_removed() {
        let mut store = Store::default();
        store.record(&metric("api"), "Count", 1.0, 0);
        store.record(&metric("restore"), "Count", 1.0, 3_600);
        store.expire(24 * 3_600);
        assert_eq!(store.series.len(), 2);
        store.expire(24 * 3_600 + 60);
        assert_eq!(store.named("AWS/Lambda", "Errors"), [metric("restore")]);
    }

    #[test]
    fn number_of_metrics_is_limited() {
        let mut store = Store::default();
        for number in 0..MAXIMUM_METRICS {
            assert!(store.record(&metric(&number.to_string()), "Count", 1.0, 0));
        }
        assert!(!store.record(&metric("another"), "Count", 1.0, 0));
        assert!(store.record(&metric("0"), "Count", 1.0, 0));
    }

    #[test]
    fn each_value_is_delivered_once_and_equal_values_together() {
        let mut store = Store::default();
        for value in [5.0, 5.0, 7.0] {
            store.record(&metric("api"), "Count", value, 61);
        }
        let expected = Datum {
            metric: metric("api"),
            unit: "Count".to_owned(),
            time: 60,
            values: vec![(5.0, 2.0), (7.0, 1.0)],
        };
        assert_eq!(store.take_undelivered(), [expected]);
        assert_eq!(store.take_undelivered(), []);
        for number in 0..2 * u32::try_from(MAXIMUM_UNDELIVERED).unwrap() {
            store.record(&metric("api"), "Count", f64::from(number), 61);
        }
        assert_eq!(store.take_undelivered()[0].values.len(), MAXIMUM_UNDELIVERED);
    }
}
