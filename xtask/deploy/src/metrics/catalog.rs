//! The metrics that are read: all that the functions write, and those of AWS that say how the service is doing.

use openapi::telemetry::{self, METRICS, Unit};
use serde::Serialize;

/// A metric. CloudWatch has a series of it for each combination of values of its dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Definition {
    /// The namespace.
    pub namespace: &'static str,
    /// The name.
    pub name: &'static str,
    /// The unit, by its name in CloudWatch.
    pub unit: &'static str,
    /// What a value means.
    pub meaning: &'static str,
    /// What its values are.
    #[serde(skip)]
    pub kind: Kind,
    /// What it is measured of.
    #[serde(skip)]
    pub(super) source: Source,
}

/// What the values of a metric are, which decides how they are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Things that are counted: a total and a rate.
    Counter,
    /// Measurements of single events: percentiles.
    Distribution,
    /// A state over time: the latest and the highest value.
    Level,
    /// A share of all events: an average.
    Share,
}

/// What a metric is measured of, which decides its dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The functions, each by itself, with these sets of dimensions.
    Own(&'static [&'static [&'static str]]),
    Functions,
    Api,
    RestoreQueue,
    BothQueues,
    Distribution,
}

impl Kind {
    /// Returns the statistic of a short period.
    pub(super) const fn trend(self) -> &'static str {
        match self {
            Self::Counter => "Sum",
            Self::Distribution => "p99",
            Self::Level => "Maximum",
            Self::Share => "Average",
        }
    }

    /// Returns the statistics of the whole span that cannot be computed from those of its periods.
    pub(super) const fn of_span(self) -> &'static [&'static str] {
        match self {
            Self::Counter | Self::Level => &[],
            Self::Distribution => &["p50", "p99", "Maximum"],
            Self::Share => &["Average"],
        }
    }
}

const fn kind_of(unit: Unit) -> Kind {
    match unit {
        Unit::Count | Unit::Bytes => Kind::Counter,
        Unit::Milliseconds => Kind::Distribution,
        Unit::Seconds => Kind::Level,
    }
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>
const fn api(name: &'static str, unit: Unit, meaning: &'static str) -> Definition {
    let (namespace, kind) = ("AWS/ApiGateway", kind_of(unit));
    Definition { namespace, name, unit: unit.name(), meaning, kind, source: Source::Api }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
const fn function(name: &'static str, unit: Unit, kind: Kind, meaning: &'static str) -> Definition {
    let namespace = "AWS/Lambda";
    Definition { namespace, name, unit: unit.name(), meaning, kind, source: Source::Functions }
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
const fn queue(
    name: &'static str,
    unit: Unit,
    kind: Kind,
    source: Source,
    meaning: &'static str,
) -> Definition {
    Definition { namespace: "AWS/SQS", name, unit: unit.name(), meaning, kind, source }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>
const fn distribution(
    name: &'static str,
    unit: &'static str,
    kind: Kind,
    meaning: &'static str,
) -> Definition {
    let namespace = "AWS/CloudFront";
    Definition { namespace, name, unit, meaning, kind, source: Source::Distribution }
}

const OF_AWS: [Definition; 15] = [
    api("Count", Unit::Count, "requests to the API, with those that the gateway answers itself"),
    api("4xx", Unit::Count, "requests with a response 4xx"),
    api("5xx", Unit::Count, "requests with a response 5xx"),
    api("Latency", Unit::Milliseconds, "time between a request and its response at the gateway"),
    function("Invocations", Unit::Count, Kind::Counter, "invocations of the function"),
    function("Errors", Unit::Count, Kind::Counter, "invocations that failed, crashed or ran out of time"),
    function("Throttles", Unit::Count, Kind::Counter, "invocations that Lambda throttled"),
    function("Duration", Unit::Milliseconds, Kind::Distribution, "time of an invocation"),
    function("ConcurrentExecutions", Unit::Count, Kind::Level, "instances that work at the same time"),
    queue(
        "ApproximateNumberOfMessagesVisible",
        Unit::Count,
        Kind::Level,
        Source::BothQueues,
        "messages that wait",
    ),
    queue(
        "ApproximateNumberOfMessagesNotVisible",
        Unit::Count,
        Kind::Level,
        Source::RestoreQueue,
        "messages in flight: received and not deleted yet",
    ),
    queue(
        "ApproximateAgeOfOldestMessage",
        Unit::Seconds,
        Kind::Level,
        Source::RestoreQueue,
        "age of the oldest message",
    ),
    queue(
        "NumberOfMessagesReceived",
        Unit::Count,
        Kind::Counter,
        Source::RestoreQueue,
        "receives, repeated ones included",
    ),
    distribution("Requests", "Count", Kind::Counter, "requests for viewer assets"),
    distribution(
        "TotalErrorRate",
        "Percent",
        Kind::Share,
        "share of requests for viewer assets with a response 4xx or 5xx",
    ),
];

/// Returns all metrics, those of the functions first.
pub fn catalog() -> Vec<Definition> {
    let own = METRICS.iter().map(|metric| Definition {
        namespace: telemetry::NAMESPACE,
        name: metric.name,
        unit: metric.unit.name(),
        meaning: metric.meaning,
        kind: kind_of(metric.unit),
        source: Source::Own(metric.dimensions),
    });
    own.chain(OF_AWS).collect()
}

impl Definition {
    /// Whether a name stands for this metric: its name, its namespace, or the service of its namespace, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        let service = self.namespace.rsplit('/').next().unwrap_or_default();
        [self.name, self.namespace, service].iter().any(|it| it.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use openapi::telemetry::METRICS;

    use super::catalog;

    #[test]
    fn metric_is_found_by_its_name_and_by_its_service() {
        let found = |name: &str| catalog().iter().filter(|metric| metric.is_named(name)).count();
        // The function measures its own part, and the gateway all of a request.
        assert_eq!(found("latency"), 2);
        assert_eq!(found("AWS/SQS"), 4);
        assert_eq!(found("sqs"), 4);
        assert_eq!(found("PackagesService"), METRICS.len());
        assert_eq!(found("nothing"), 0);
    }

    #[test]
    fn name_stands_for_one_metric_of_its_namespace() {
        let names: BTreeSet<_> = catalog().iter().map(|metric| (metric.namespace, metric.name)).collect();
        assert_eq!(names.len(), catalog().len());
    }
}
