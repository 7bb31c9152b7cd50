//! The identity of a metric.

use std::collections::BTreeMap;

/// A metric: a namespace, a name and dimensions.
///
/// CloudWatch treats each combination of dimensions as a metric of its own:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// The namespace, such as `AWS/Lambda`.
    pub namespace: String,
    /// The name, such as `Invocations`.
    pub name: String,
    /// The values of the dimensions by name.
    pub dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// Creates a metric with these dimensions.
    pub fn new<'a>(
        namespace: &str,
        name: &str,
        dimensions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.into_iter().map(owned).collect(),
        }
    }
}
