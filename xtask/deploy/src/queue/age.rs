//! The age of the oldest message in a queue.
//!
//! SQS publishes it only to CloudWatch, and receiving messages to read it would use up one of their receives.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use chrono::TimeDelta;

/// SQS publishes the metric once a minute, with a delay of some minutes.
const WINDOW: Duration = Duration::from_mins(15);
const PERIOD_SECONDS: i32 = 60;

/// Returns the age in CloudWatch, or `None` without recent data, as for a queue that is not in use.
pub(super) async fn read(client: &Client, queue_url: &str) -> Result<Option<TimeDelta>> {
    let name = queue_url.rsplit('/').next().unwrap_or(queue_url);
    let now = SystemTime::now();
    let response = client
        .get_metric_statistics()
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .dimensions(Dimension::builder().name("QueueName").value(name).build())
        .start_time(DateTime::from(now - WINDOW))
        .end_time(DateTime::from(now))
        .period(PERIOD_SECONDS)
        .statistics(Statistic::Maximum)
        .send()
        .await
        .with_context(|| format!("CloudWatch returned no age of the oldest message of {name}"))?;
    let datapoints = response.datapoints.unwrap_or_default();
    let latest = datapoints.iter().max_by_key(|datapoint| datapoint.timestamp.map(|time| time.secs()));
    Ok(latest.and_then(Datapoint::maximum).map(|seconds| {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds, of two weeks at the most")]
        TimeDelta::seconds(seconds as i64)
    }))
}
