//! The series of an environment: each metric with the dimensions of the deployed resources.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric as ListedMetric};
use openapi::telemetry::{self, Metric};
use stack::{FunctionName, OutputName};

use super::catalog::{Definition, Source};
use crate::deployed_stack::Outputs;

/// The dimension with the name of the function in the functions' own metrics.
const FUNCTION: &str = Metric::LATENCY.dimensions[0][0];

/// A metric with values for its dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    pub(super) definition: Definition,
    pub(super) dimensions: Vec<(String, String)>,
    /// What it is measured of, for people.
    pub(super) label: String,
}

impl Series {
    /// Whether its data is in `us-east-1`, wherever the stack is.
    pub(super) fn is_global(&self) -> bool {
        self.definition.source == Source::Distribution
    }
}

/// Returns the series of a metric that are known without a question to CloudWatch.
pub(super) fn known(definition: Definition, outputs: &Outputs) -> Vec<Series> {
    let series = |label: &str, dimensions: Vec<(&str, &str)>| {
        let dimensions = dimensions.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Series { definition, label: label.to_owned(), dimensions: dimensions.collect() }
    };
    let functions = |dimension: &'static str| {
        let deployed = FunctionName::ALL.into_iter().filter_map(|it| Some((it, outputs.function(it)?)));
        deployed.map(|(function, name)| series(function.as_str(), vec![(dimension, name)])).collect()
    };
    let value = |output| outputs.get(output).ok();
    let queue = |label, output| {
        let url = value(output)?;
        Some(series(label, vec![("QueueName", url.rsplit('/').next().unwrap_or(url))]))
    };
    let restore_queue = || queue("restore queue", OutputName::RestoreQueueUrl);
    match definition.source {
        Source::Own(sets) if sets.contains(&[FUNCTION].as_slice()) => functions(FUNCTION),
        Source::Own(_) => Vec::new(),
        Source::Functions => functions("FunctionName"),
        Source::Api => {
            value(OutputName::ApiId).map(|id| series("", vec![("ApiId", id)])).into_iter().collect()
        }
        Source::RestoreQueue => restore_queue().into_iter().collect(),
        Source::BothQueues => {
            let dead_letters = queue("dead letters", OutputName::RestoreDeadLetterQueueUrl);
            restore_queue().into_iter().chain(dead_letters).collect()
        }
        Source::Distribution => value(OutputName::DistributionId)
            .map(|id| series("", vec![("DistributionId", id), ("Region", "Global")]))
            .into_iter()
            .collect(),
    }
}

/// Returns the series of these metrics with more dimensions than the function, such as the route.
///
/// Only CloudWatch has their values, and lists a new series up to fifteen minutes after its first value:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>.
pub(super) async fn listed(
    client: &Client,
    definitions: &[Definition],
    outputs: &Outputs,
) -> Result<Vec<Series>> {
    let mut found = Vec::new();
    for function in FunctionName::ALL {
        let Some(name) = outputs.function(function) else { continue };
        let filter = DimensionFilter::builder().name(FUNCTION).value(name).build();
        let request = client.list_metrics().namespace(telemetry::NAMESPACE).dimensions(filter);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.context("cannot list the metrics of the functions")?;
            let listed = page.metrics.unwrap_or_default().into_iter();
            found.extend(listed.filter_map(|metric| of_listed(definitions, function, metric)));
        }
    }
    found.sort_by(|one, other| one.label.cmp(&other.label));
    Ok(found)
}

/// Returns the series of a metric that CloudWatch lists, with its dimensions in the order of their definition.
fn of_listed(definitions: &[Definition], function: FunctionName, listed: ListedMetric) -> Option<Series> {
    let dimensions = listed.dimensions.unwrap_or_default();
    let mut values: BTreeMap<String, String> =
        dimensions.into_iter().filter_map(|it| Some((it.name?, it.value?))).collect();
    let name = listed.metric_name?;
    let own = definitions.iter().filter(|definition| definition.name == name);
    let (definition, set) = own
        .filter_map(|definition| match definition.source {
            Source::Own(sets) => Some((definition, sets)),
            _ => None,
        })
        .find_map(|(definition, sets)| {
            let is_complete = |set: &&&[&str]| {
                set.len() > 1 && set.len() == values.len() && set.iter().all(|it| values.contains_key(*it))
            };
            Some((*definition, *sets.iter().find(is_complete)?))
        })?;
    let dimensions: Vec<(String, String)> =
        set.iter().filter_map(|name| Some(((*name).to_owned(), values.remove(*name)?))).collect();
    let label = dimensions.iter().map(|(name, value)| match name.as_str() {
        FUNCTION => function.as_str(),
        _ => value.as_str(),
    });
    let label = label.collect::<Vec<_>>().join("  ");
    Some(Series { definition, dimensions, label })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::Dimension;
    use stack::FunctionName;

    use super::{ListedMetric, known, of_listed};
    use crate::deployed_stack::Outputs;
    use crate::metrics::catalog::{Definition, catalog};

    fn metric(namespace: &str, name: &str) -> Definition {
        catalog().into_iter().find(|it| (it.namespace, it.name) == (namespace, name)).unwrap()
    }

    fn dimensions(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn dimensions_come_from_the_outputs_of_the_stack() {
        let outputs = Outputs::from_pairs([
            ("ApiFunctionName", "dev-lambda"),
            ("RestoreFunctionName", "dev-restore-lambda"),
            ("ApiId", "abc"),
            ("RestoreQueueUrl", "https://sqs.us-east-1.amazonaws.com/1/restore"),
            ("DistributionId", "E1"),
        ]);
        let found = |namespace, name| {
            let series = known(metric(namespace, name), &outputs);
            series.into_iter().map(|it| (it.label, it.dimensions)).collect::<Vec<_>>()
        };
        let expected = |label: &str, pairs: &[(&str, &str)]| (label.to_owned(), dimensions(pairs));
        assert_eq!(
            found("AWS/Lambda", "Errors"),
            [
                expected("api", &[("FunctionName", "dev-lambda")]),
                expected("restore", &[("FunctionName", "dev-restore-lambda")])
            ]
        );
        assert_eq!(
            found("PackagesService", "latency")[0],
            expected("api", &[("function_name", "dev-lambda")])
        );
        assert_eq!(found("PackagesService", "requests"), []);
        assert_eq!(found("AWS/ApiGateway", "5xx"), [expected("", &[("ApiId", "abc")])]);
        assert_eq!(
            found("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            [expected("restore queue", &[("QueueName", "restore")])]
        );
        assert_eq!(
            found("AWS/CloudFront", "Requests"),
            [expected("", &[("DistributionId", "E1"), ("Region", "Global")])]
        );
    }

    #[test]
    fn listed_series_is_labeled_by_route_and_class() {
        let pairs = [("status_class", "2xx"), ("function_name", "dev-lambda"), ("route", "GET /presign/s3")];
        let of = |name: &str, pairs: &[(&str, &str)]| {
            let dimensions =
                pairs.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
            let listed =
                ListedMetric::builder().metric_name(name).set_dimensions(Some(dimensions.collect())).build();
            of_listed(&catalog(), FunctionName::Api, listed)
        };
        let series = of("requests", &pairs).unwrap();
        assert_eq!(series.label, "api  GET /presign/s3  2xx");
        assert_eq!(series.dimensions[0], ("function_name".to_owned(), "dev-lambda".to_owned()));
        // An earlier release may have had other dimensions.
        assert_eq!(of("requests", &pairs[..2]), None);
        // This set is known without a list.
        assert_eq!(of("latency", &pairs[1..2]), None);
        assert_eq!(of("latency", &pairs[1..]).unwrap().label, "api  GET /presign/s3");
    }
}
