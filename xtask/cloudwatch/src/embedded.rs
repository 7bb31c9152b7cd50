//! Extracts metrics from log lines in the embedded metric format, as CloudWatch Logs does:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::metric::Metric;

const MAXIMUM_DIMENSIONS: usize = 30;
const MAXIMUM_METRICS: usize = 100;
const MAXIMUM_VALUES: usize = 100;
const MAXIMUM_TEXT: usize = 1024;

/// A value of a metric in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedValue {
    /// The metric.
    pub metric: Metric,
    /// The unit; `None` if the line names none.
    pub unit: String,
    /// The value.
    pub value: f64,
    /// The time in Unix seconds.
    pub time: i64,
}

/// Why CloudWatch extracts no metrics from a line.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The member `_aws` does not have the structure of the format.
    #[error("the member _aws is invalid: {0}")]
    Structure(#[from] serde_json::Error),
    /// A directive exceeds a limit.
    #[error("{what} has more than {limit} {unit}")]
    Limit {
        /// What exceeds the limit.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// A name in a directive is empty.
    #[error("a directive has an empty namespace, metric or dimension name")]
    EmptyName,
    /// A dimension refers to a member that is not a text.
    #[error("dimension {0} does not refer to a text")]
    Dimension(String),
    /// A metric refers to a member that is neither a number nor a list of numbers.
    #[error("metric {0} does not refer to a number or a list of numbers")]
    Value(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    dimensions: Vec<Vec<String>>,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
}

/// What a line contains.
#[derive(Debug, Default)]
pub struct Extracted {
    /// The values of its valid directives.
    pub values: Vec<EmbeddedValue>,
    /// Why its first invalid directive is ignored.
    pub error: Option<EmbeddedError>,
}

/// Extracts the metrics of a line; none from a line in another format.
pub fn extract(line: &str) -> Extracted {
    let mut extracted = Extracted::default();
    // Most lines contain no metrics and need not be parsed.
    if !line.contains("\"_aws\"") {
        return extracted;
    }
    let Ok(members) = serde_json::from_str::<Map<String, Json>>(line) else { return extracted };
    let Some(metadata) = members.get("_aws") else { return extracted };
    let Metadata { timestamp, cloud_watch_metrics } = match Metadata::deserialize(metadata) {
        Ok(metadata) => metadata,
        Err(error) => return Extracted { error: Some(error.into()), ..extracted },
    };
    let time = i64::try_from(timestamp / 1000).unwrap_or(i64::MAX);
    for directive in cloud_watch_metrics {
        match directive.extract(&members, time) {
            Ok(values) => extracted.values.extend(values),
            Err(error) => extracted.error = extracted.error.or(Some(error)),
        }
    }
    extracted
}

impl Directive {
    fn extract(&self, members: &Map<String, Json>, time: i64) -> Result<Vec<EmbeddedValue>, EmbeddedError> {
        let mut values = Vec::new();
        limit("a directive", self.metrics.len(), MAXIMUM_METRICS, "metrics")?;
        let mut names =
            self.dimensions.iter().flatten().chain(self.metrics.iter().map(|metric| &metric.name));
        if self.namespace.is_empty() || names.any(String::is_empty) {
            return Err(EmbeddedError::EmptyName);
        }
        let sets: Vec<_> =
            self.dimensions.iter().map(|set| dimensions(set, members)).collect::<Result<_, _>>()?;
        for definition in &self.metrics {
            limit("the name of a metric", definition.name.len(), MAXIMUM_TEXT, "characters")?;
            let numbers = numbers(&definition.name, members)?;
            for dimensions in &sets {
                let metric = Metric {
                    namespace: self.namespace.clone(),
                    name: definition.name.clone(),
                    dimensions: dimensions.clone(),
                };
                values.extend(numbers.iter().map(|value| EmbeddedValue {
                    metric: metric.clone(),
                    unit: definition.unit.clone().unwrap_or_else(|| "None".to_owned()),
                    value: *value,
                    time,
                }));
            }
        }
        Ok(values)
    }
}

fn limit(what: &'static str, found: usize, limit: usize, unit: &'static str) -> Result<(), EmbeddedError> {
    if found > limit { Err(EmbeddedError::Limit { what, limit, unit }) } else { Ok(()) }
}

/// Returns the values of a set of dimensions.
fn dimensions(
    set: &[String],
    members: &Map<String, Json>,
) -> Result<BTreeMap<String, String>, EmbeddedError> {
    limit("a set of dimensions", set.len(), MAXIMUM_DIMENSIONS, "dimensions")?;
    let value = |name: &String| match members.get(name).and_then(Json::as_str) {
        Some(value) if !value.is_empty() => {
            limit("the value of a dimension", value.len(), MAXIMUM_TEXT, "characters")?;
            Ok((name.clone(), value.to_owned()))
        }
        _ => Err(EmbeddedError::Dimension(name.clone())),
    };
    set.iter().map(value).collect()
}

/// Returns the numbers of a metric.
fn numbers(name: &str, members: &Map<String, Json>) -> Result<Vec<f64>, EmbeddedError> {
    let invalid = || EmbeddedError::Value(name.to_owned());
    match members.get(name) {
        Some(Json::Number(number)) => Ok(vec![number.as_f64().ok_or_else(invalid)?]),
        Some(Json::Array(list)) => {
            limit("a metric", list.len(), MAXIMUM_VALUES, "values")?;
            list.iter().map(|value| value.as_f64().ok_or_else(invalid)).collect()
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests;
