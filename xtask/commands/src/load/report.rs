//! The report of a run: figures, and which limits they miss.

pub(crate) mod chart;
mod page;
mod table;

use std::time::Duration;

use serde::Serialize;

pub(super) use self::page::page;
pub(super) use self::table::table;

use super::growth::Growth;
use super::observation::{FunctionUse, Observed, Quantity};
use super::restores::Restores;
use super::schedule::{Arrivals, Rate};
use super::span::{milliseconds, number};
use super::statistics::Statistics;
use super::tally::{Counts, Percentiles, Tally};
use super::timeline::Point;

/// The largest fraction of requests that may fail.
const ERROR_RATE_LIMIT: f64 = 0.001;

/// The emulator keeps logs and messages in memory, as long as it runs. Its growth is reported, and is no missed limit.
const MAY_GROW: &str = "emulator";

/// What was asked of the run.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Asked {
    pub(super) rate: Rate,
    pub(super) arrivals: Arrivals,
    /// The limit of the 99th percentile.
    #[serde(skip)]
    pub(super) p99: Option<Duration>,
}

/// The figures of a run.
#[derive(Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    pub(super) asked: Asked,
    pub(super) seconds: f64,
    pub(super) is_interrupted: bool,
    /// Scheduled requests.
    pub(super) offered: u64,
    pub(super) offered_per_second: f64,
    /// Scheduled requests that were not sent, because too many were in flight.
    pub(super) dropped: u64,
    /// Responses that came before the end, without throttled requests.
    pub(super) achieved_per_second: f64,
    /// The fraction of the requests that failed.
    pub(super) error_rate: f64,
    pub(super) total: Figures,
    pub(super) operations: Vec<Figures>,
    pub(super) functions: Vec<FunctionUse>,
    pub(super) restores: Restores,
    pub(super) resources: Vec<Resource>,
    /// The limits that the run misses.
    pub(super) missed: Vec<String>,
    pub(super) timeline: Vec<Point>,
}

/// The figures of an operation, or of all.
#[derive(Serialize)]
pub(super) struct Figures {
    pub(super) operation: &'static str,
    #[serde(flatten)]
    pub(super) counts: Counts,
    pub(super) latency_ms: Option<Percentiles>,
}

/// What a process used.
#[derive(Serialize)]
pub(super) struct Resource {
    pub(super) name: String,
    pub(super) quantity: Quantity,
    #[serde(flatten)]
    pub(super) growth: Growth,
}

impl Report {
    pub(super) fn new(
        asked: Asked,
        length: Duration,
        is_interrupted: bool,
        statistics: &Statistics,
        observed: &Observed,
        restores: Restores,
    ) -> Self {
        let figures = |operation, tally: &Tally| Figures {
            operation,
            counts: tally.counts,
            latency_ms: tally.percentiles(),
        };
        let total = figures("total", &statistics.total);
        let Counts { requests, errors, .. } = total.counts;
        let per_second = |count| number(count) / length.as_secs_f64().max(f64::MIN_POSITIVE);
        let resources = observed.series.iter().filter_map(|(subject, samples)| {
            let growth = Growth::of(samples, subject.quantity.minimum_growth())?;
            Some(Resource { name: subject.name.clone(), quantity: subject.quantity, growth })
        });
        let mut report = Self {
            asked,
            seconds: length.as_secs_f64(),
            is_interrupted,
            offered: statistics.offered,
            offered_per_second: per_second(statistics.offered),
            dropped: statistics.dropped,
            achieved_per_second: per_second(statistics.timeline.completed(length)),
            error_rate: number(errors) / number(requests).max(1.0),
            total,
            operations: statistics
                .operations
                .iter()
                .map(|(operation, tally)| figures(operation.name(), tally))
                .collect(),
            functions: observed.functions.clone(),
            restores,
            resources: resources.collect(),
            missed: Vec::new(),
            timeline: statistics.timeline.points(length),
        };
        report.missed = report.missed_limits();
        report
    }

    fn missed_limits(&self) -> Vec<String> {
        let mut missed = Vec::new();
        if self.error_rate > ERROR_RATE_LIMIT {
            let (percent, limit) = (self.error_rate * 100.0, ERROR_RATE_LIMIT * 100.0);
            missed.push(format!("{percent:.2} % of the requests failed, more than {limit} %"));
        }
        let p99 = self.total.latency_ms.map(|latency| latency.p99);
        if let Some((p99, limit)) = p99.zip(self.asked.p99.map(milliseconds))
            && p99 > limit
        {
            missed.push(format!("p99 is {p99:.1} ms, more than {limit} ms"));
        }
        for resource in self.resources.iter().filter(|resource| resource.is_leak()) {
            let (name, quantity) = (&resource.name, resource.quantity.name());
            let Growth { first_minute, last_minute, .. } = resource.growth;
            missed.push(format!("{name} grows: {quantity}, from {first_minute:.1} to {last_minute:.1}"));
        }
        missed
    }
}

impl Resource {
    /// Whether it grows, and should not.
    fn is_leak(&self) -> bool {
        self.growth.grows && self.name != MAY_GROW
    }
}

#[cfg(test)]
mod tests {
    use super::super::growth::Sample;
    use super::super::observation::Subject;
    use super::super::operation::Operation;
    use super::super::statistics::Measurement;
    use super::super::tally::Ending;
    use super::*;

    /// Returns a report on requests with these endings, which took 10 ms, and on growing processes.
    pub(super) fn report(endings: &[Ending], p99: Option<u64>, growing: &[&str]) -> Report {
        let length = Duration::from_mins(5);
        let mut statistics = Statistics::new([Operation::SignFile].into_iter(), length).unwrap();
        for ending in endings {
            let (scheduled, latency) = (Duration::from_secs(1), Duration::from_millis(10));
            statistics.offer(scheduled).unwrap();
            let operation = Operation::SignFile;
            statistics.record(Measurement { operation, scheduled, latency, ending: *ending }).unwrap();
        }
        let samples: Vec<_> = (0..60)
            .map(f64::from)
            .map(|number| Sample { seconds: number * 5.0, value: 10.0 + number })
            .collect();
        let subject = |name: &&str| Subject { name: (*name).to_owned(), quantity: Quantity::Memory };
        let observed = Observed {
            series: growing.iter().map(|name| (subject(name), samples.clone())).collect(),
            functions: Vec::new(),
        };
        let asked = Asked {
            rate: Rate::parse("20").unwrap(),
            arrivals: Arrivals::Poisson,
            p99: p99.map(Duration::from_millis),
        };
        Report::new(asked, length, false, &statistics, &observed, Restores::default())
    }

    #[test]
    fn run_within_its_limits_misses_none() {
        let endings = [Ending::Status(200), Ending::Status(429)];
        assert!(report(&endings, Some(100), &[]).missed.is_empty());
        assert!(report(&[], Some(100), &[]).missed.is_empty(), "no request");
    }

    #[test]
    fn each_missed_limit_is_named() {
        let missed = report(&[Ending::Status(200), Ending::Status(500)], Some(5), &["stack"]).missed;
        assert_eq!(missed.len(), 3, "{missed:?}");
        assert!(missed[0].starts_with("50.00 % of the requests failed"), "{missed:?}");
        assert!(missed[1].ends_with("more than 5 ms"), "{missed:?}");
        assert!(missed[2].starts_with("stack grows: memory, MB"), "{missed:?}");
    }

    #[test]
    fn one_error_in_a_thousand_requests_is_within_the_limit() {
        let mut endings = vec![Ending::Status(200); 999];
        endings.push(Ending::TimedOut);
        assert!(report(&endings, None, &[]).missed.is_empty());
        endings.push(Ending::TimedOut);
        assert_eq!(report(&endings, None, &[]).missed.len(), 1);
    }

    #[test]
    fn growth_of_the_emulator_is_reported_and_no_missed_limit() {
        let report = report(&[], None, &["emulator"]);
        assert!(report.resources[0].growth.grows);
        assert!(report.missed.is_empty());
    }

    #[test]
    fn json_has_the_figures_of_each_operation() {
        let report = report(&[Ending::Status(200)], None, &["stack"]);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["rate"], 20.0);
        assert_eq!(json["operations"][0]["operation"], "sign-file");
        assert_eq!(json["operations"][0]["status_2xx"], 1);
        assert!(json["operations"][0]["latency_ms"]["p99"].is_number());
        assert_eq!(json["resources"][0]["quantity"], "memory");
        assert_eq!(json["resources"][0]["grows"], true);
    }
}
