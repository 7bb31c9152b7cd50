//! How long the oldest message of a queue has waited.
//!
//! SQS tells it to CloudWatch only; to receive messages for it would cost each one of its receives.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use chrono::TimeDelta;

/// A metric comes once a minute, some minutes late.
const WINDOW: Duration = Duration::from_mins(15);
const PERIOD_SECONDS: i32 = 60;

/// The age as CloudWatch knows it; none where SQS has told nothing lately, as it does of a queue that nobody uses.
pub(super) async fn of_oldest(client: &Client, queue_url: &str) -> Result<Option<TimeDelta>> {
    let name = queue_url.rsplit('/').next().unwrap_or(queue_url);
    let now = SystemTime::now();
    let answer = client
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
    let datapoints = answer.datapoints.unwrap_or_default();
    let latest = datapoints.iter().max_by_key(|datapoint| datapoint.timestamp.map(|time| time.secs()));
    Ok(latest.and_then(Datapoint::maximum).map(|seconds| {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds, of two weeks at the most")]
        TimeDelta::seconds(seconds as i64)
    }))
}
