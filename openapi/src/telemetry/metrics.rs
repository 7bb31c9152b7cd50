//! The metrics of the functions.
//!
//! The functions write them into their log lines in the embedded metric format, and CloudWatch extracts them:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

/// The namespace of the metrics.
pub const NAMESPACE: &str = "PackagesService";

/// A metric of the functions.
///
/// CloudWatch keeps a metric for each combination of values of its dimensions, so no dimension is a user, a
/// dataset or a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The name, which is also that of the field in the log line.
    pub name: &'static str,
    /// The unit.
    pub unit: Unit,
    /// What a value means.
    pub meaning: &'static str,
    /// The sets of dimensions under which each value is counted.
    pub dimensions: &'static [&'static [&'static str]],
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A number of bytes.
    Bytes,
    /// A time in milliseconds.
    Milliseconds,
    /// A time in seconds.
    Seconds,
}

impl Unit {
    /// Returns the name that CloudWatch has for the unit.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
        }
    }
}

impl Metric {
    /// The requests to the API function.
    pub const REQUESTS: Self = Self {
        name: "requests",
        unit: Unit::Count,
        meaning: "requests to the API function, by route and class of the status, such as 2xx",
        dimensions: &[&["function_name", "route", "status_class"]],
    };
    /// The latency of requests.
    pub const LATENCY: Self = Self {
        name: "latency",
        unit: Unit::Milliseconds,
        meaning: "time that the API function took for a request",
        dimensions: &[&["function_name", "route"], &["function_name"]],
    };
    /// The cold starts.
    pub const COLD_STARTS: Self = Self {
        name: "cold_starts",
        unit: Unit::Count,
        meaning: "invocations for which Lambda started a new instance of the function",
        dimensions: &[&["function_name"]],
    };
    /// The signatures that could not be made.
    pub const SIGNING_FAILURES: Self = Self {
        name: "signing_failures",
        unit: Unit::Count,
        meaning: "requests for a signature that failed because the signing key could not be loaded or used",
        dimensions: &[&["function_name"]],
    };
    /// The age of the signing key.
    pub const KEY_AGE: Self = Self {
        name: "key_age",
        unit: Unit::Seconds,
        meaning: "age of the signing key that signed a URL",
        dimensions: &[&["function_name"]],
    };
    /// The connections to the database that were replaced.
    pub const DATABASE_RECONNECTS: Self = Self {
        name: "database_reconnects",
        unit: Unit::Count,
        meaning: "statements and transactions that were repeated on another connection to the database",
        dimensions: &[&["function_name"]],
    };
    /// The restored packages.
    pub const RESTORED_PACKAGES: Self = Self {
        name: "restored_packages",
        unit: Unit::Count,
        meaning: "packages that became READY, with the folders above and everything below",
        dimensions: &[&["function_name"]],
    };
    /// The size of the restored files.
    pub const RESTORED_BYTES: Self = Self {
        name: "restored_bytes",
        unit: Unit::Bytes,
        meaning: "size of the files of restored packages, as it was added to the storage counters",
        dimensions: &[&["function_name"]],
    };
    /// The duration of restores.
    pub const RESTORE_DURATION: Self = Self {
        name: "restore_duration",
        unit: Unit::Milliseconds,
        meaning: "time that the restore function took for a message, whatever its outcome",
        dimensions: &[&["function_name"]],
    };
    /// The packages that could not be restored.
    pub const PACKAGES_LEFT_DELETED: Self = Self {
        name: "packages_left_deleted",
        unit: Unit::Count,
        meaning: "packages that could not be restored and stayed DELETED",
        dimensions: &[&["function_name"]],
    };
    /// The messages to the jobs queue.
    pub const CHANGELOG_MESSAGES: Self = Self {
        name: "changelog_messages",
        unit: Unit::Count,
        meaning: "messages with changelog events that were sent to the jobs queue",
        dimensions: &[&["function_name"]],
    };
}

/// All metrics.
pub const METRICS: &[Metric] = &[
    Metric::REQUESTS,
    Metric::LATENCY,
    Metric::COLD_STARTS,
    Metric::SIGNING_FAILURES,
    Metric::KEY_AGE,
    Metric::DATABASE_RECONNECTS,
    Metric::RESTORED_PACKAGES,
    Metric::RESTORED_BYTES,
    Metric::RESTORE_DURATION,
    Metric::PACKAGES_LEFT_DELETED,
    Metric::CHANGELOG_MESSAGES,
];
