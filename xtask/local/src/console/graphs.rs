//! The graphs of the last hour, and the alarms.

use cloudwatch::{Metric, Metrics, Periods, Statistic};
use openapi::telemetry;
use serde_json::{Value, json};

const MINUTE: i64 = 60;
const MINUTES: usize = 60;

/// A queue that a graph shows.
pub struct ShownQueue<'a> {
    /// What it is called in the graph.
    pub label: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Returns the data of the graphs, one value per minute, oldest first.
pub fn graphs(metrics: &Metrics, queues: &[ShownQueue<'_>], now: i64) -> Value {
    let graphs = Graphs { metrics, periods: Periods::until(now, MINUTE, MINUTES) };
    json!({
        "start": graphs.periods.start,
        "graphs": [graphs.requests(), graphs.latency(), graphs.queues(queues), graphs.restored()],
    })
}

type Series = Vec<Option<f64>>;

struct Graphs<'a> {
    metrics: &'a Metrics,
    periods: Periods,
}

impl Graphs<'_> {
    fn requests(&self) -> Value {
        let sum = |name| self.all("AWS/ApiGateway", name, Statistic::Sum, |one, other| one + other);
        let (all, client, server) = (sum("Count"), sum("4xx"), sum("5xx"));
        let failed: Vec<f64> = client
            .iter()
            .zip(&server)
            .map(|(one, other)| one.unwrap_or(0.0) + other.unwrap_or(0.0))
            .collect();
        let rest = all.into_iter().zip(failed).map(|(all, failed)| Some(all? - failed)).collect();
        graph("Requests per minute", "", &[("2xx and 3xx", rest), ("4xx", client), ("5xx", server)])
    }

    fn latency(&self) -> Value {
        let percentile = |rank| self.all("AWS/ApiGateway", "Latency", Statistic::Percentile(rank), f64::max);
        graph("Latency of the API", "ms", &[("p50", percentile(50.0)), ("p99", percentile(99.0))])
    }

    fn queues(&self, queues: &[ShownQueue<'_>]) -> Value {
        let lines: Vec<_> = queues
            .iter()
            .map(|queue| {
                let name = "ApproximateNumberOfMessagesVisible";
                let metric = Metric::new("AWS/SQS", name, [("QueueName", queue.name)]);
                (queue.label, self.metrics.series(&metric, Statistic::Maximum, self.periods))
            })
            .collect();
        graph("Waiting messages", "", &lines)
    }

    fn restored(&self) -> Value {
        let sum = |metric: telemetry::Metric| {
            self.all(telemetry::NAMESPACE, metric.name, Statistic::Sum, |one, other| one + other)
        };
        let lines = [
            ("restored", sum(telemetry::Metric::RESTORED_PACKAGES)),
            ("left deleted", sum(telemetry::Metric::PACKAGES_LEFT_DELETED)),
        ];
        graph("Packages per minute", "", &lines)
    }

    /// Combines the series of all metrics with a name.
    fn all(&self, namespace: &str, name: &str, statistic: Statistic, combine: fn(f64, f64) -> f64) -> Series {
        let mut combined: Series = vec![None; MINUTES];
        for metric in self.metrics.named(namespace, name) {
            let series = self.metrics.series(&metric, statistic, self.periods);
            for (value, found) in combined.iter_mut().zip(series) {
                *value = match (*value, found) {
                    (Some(value), Some(found)) => Some(combine(value, found)),
                    (value, found) => value.or(found),
                };
            }
        }
        combined
    }
}

fn graph(title: &str, unit: &str, lines: &[(&str, Series)]) -> Value {
    let lines: Vec<_> =
        lines.iter().map(|(name, values)| json!({ "name": name, "values": values })).collect();
    json!({ "title": title, "unit": unit, "lines": lines })
}

#[cfg(test)]
mod tests {
    use cloudwatch::{Metric, Metrics};

    use super::{ShownQueue, graphs};

    #[test]
    fn graphs_show_the_last_hour_by_minute() {
        let metrics = Metrics::default();
        let now = 1_795_545_490;
        for (api, name, value) in
            [("a", "Count", 1.0), ("a", "5xx", 1.0), ("b", "Count", 1.0), ("a", "Latency", 20.0)]
        {
            let metric = Metric::new("AWS/ApiGateway", name, [("ApiId", api)]);
            metrics.record(&metric, "Count", value, now);
        }
        let visible = Metric::new("AWS/SQS", "ApproximateNumberOfMessagesVisible", [("QueueName", "q")]);
        metrics.record(&visible, "Count", 4.0, now - 60);
        let shown = graphs(&metrics, &[ShownQueue { label: "restore", name: "q" }], now);
        let last = |graph: usize, line: usize, back: usize| {
            let values = shown["graphs"][graph]["lines"][line]["values"].as_array().unwrap();
            assert_eq!(values.len(), 60);
            values[59 - back].as_f64()
        };
        assert_eq!((last(0, 0, 0), last(0, 2, 0), last(0, 1, 0)), (Some(1.0), Some(1.0), None));
        assert_eq!((last(1, 1, 0), last(1, 1, 1)), (Some(20.0), None));
        assert_eq!((last(2, 0, 0), last(2, 0, 1)), (None, Some(4.0)));
        assert_eq!(shown["start"].as_i64().unwrap() + 3600, (now / 60 + 1) * 60);
    }
}
