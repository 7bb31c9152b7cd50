//! The dashboard.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>

use serde_json::{Value as Json, json};

use super::context::Context;
use super::gateway::Gateway;
use crate::cloudformation::{Dashboard, Distribution, Handle, Template, Value};

const WIDTH: usize = 8;
const HEIGHT: usize = 6;
const COLUMNS: usize = 3;

/// Namespace, metric, dimension name, dimension value, statistic.
type Line<'a> = (&'a str, &'a str, &'a str, &'a Value<String>, &'a str);

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    gateway: &Gateway,
    distribution: &Handle<Distribution>,
) {
    let api = &gateway.api.reference();
    let queue = &context.names.restore_queue().into();
    let dead_letters = &context.names.restore_dead_letter_queue().into();
    let functions: Vec<Value<String>> = context
        .environment
        .functions()
        .iter()
        .map(|function| context.names.function(*function).into())
        .collect();
    let each_function = |metric, statistic| {
        functions.iter().map(move |name| ("AWS/Lambda", metric, "FunctionName", name, statistic))
    };

    let region = context.environment.region.as_str();
    let widgets: Vec<Json> = [
        graph(
            "API requests",
            region,
            [
                ("AWS/ApiGateway", "Count", "ApiId", api, "Sum"),
                ("AWS/ApiGateway", "4xx", "ApiId", api, "Sum"),
                ("AWS/ApiGateway", "5xx", "ApiId", api, "Sum"),
            ],
        ),
        graph(
            "API latency in ms",
            region,
            [
                ("AWS/ApiGateway", "Latency", "ApiId", api, "p50"),
                ("AWS/ApiGateway", "Latency", "ApiId", api, "p99"),
            ],
        ),
        graph(
            "Restore queue",
            region,
            [
                ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, "Maximum"),
                ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", queue, "Maximum"),
                ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", dead_letters, "Maximum"),
            ],
        ),
        graph(
            "Function errors and throttles",
            region,
            each_function("Errors", "Sum").chain(each_function("Throttles", "Sum")),
        ),
        graph("Function duration in ms", region, each_function("Duration", "p99")),
        graph("Functions at the same time", region, each_function("ConcurrentExecutions", "Maximum")),
        distribution_graph("Asset requests", "Requests", "Sum", distribution),
        distribution_graph("Asset errors in %", "TotalErrorRate", "Average", distribution),
        graph(
            "Age of the oldest restore in s",
            region,
            [("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, "Maximum")],
        ),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, properties)| {
        json!({
            "type": "metric",
            "x": index % COLUMNS * WIDTH,
            "y": index / COLUMNS * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": properties,
        })
    })
    .collect();

    template.add(
        "Dashboard",
        Dashboard {
            dashboard_name: context.names.service_resource("dashboard"),
            // Every string in it is a placeholder, or a literal that contains none.
            dashboard_body: Value::Substituted(json!({ "widgets": widgets }).to_string()),
        },
    );
}

fn graph<'a>(title: &str, region: &str, lines: impl IntoIterator<Item = Line<'a>>) -> Json {
    let metrics: Vec<Json> = lines
        .into_iter()
        .map(|(namespace, metric, dimension, value, statistic)| {
            json!([namespace, metric, dimension, value.placeholder(), { "stat": statistic }])
        })
        .collect();
    json!({ "title": title, "region": region, "metrics": metrics, "period": 300, "view": "timeSeries" })
}

/// CloudFront's metrics are in `us-east-1`, with a second dimension that says so:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html>.
fn distribution_graph(
    title: &str,
    metric: &str,
    statistic: &str,
    distribution: &Handle<Distribution>,
) -> Json {
    let id = distribution.reference().placeholder();
    json!({
        "title": title,
        "region": "us-east-1",
        "metrics": [["AWS/CloudFront", metric, "Region", "Global", "DistributionId", id, { "stat": statistic }]],
        "period": 300,
        "view": "timeSeries",
    })
}
