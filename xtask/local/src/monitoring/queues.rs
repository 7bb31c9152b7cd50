//! The metrics that SQS publishes of each queue:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudwatch::{Metric, Metrics};
use serde::Deserialize;

/// Reads the depths of all queues from the shim of the emulator.
pub(super) struct QueueDepths {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Depth {
    visible: f64,
    not_visible: f64,
    age: f64,
}

impl QueueDepths {
    pub(super) fn new(emulator_url: &str, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(timeout).build()?;
        Ok(Self { http, url: format!("{emulator_url}/_local/queues") })
    }

    /// Records the current depths.
    pub(super) async fn record(&self, metrics: &Metrics, now: i64) -> Result<(), reqwest::Error> {
        let response = self.http.get(&self.url).send().await?.error_for_status()?;
        let depths: BTreeMap<String, Depth> = response.json().await?;
        for (queue, depth) in depths {
            for (name, unit, value) in [
                ("ApproximateNumberOfMessagesVisible", "Count", depth.visible),
                ("ApproximateNumberOfMessagesNotVisible", "Count", depth.not_visible),
                ("ApproximateAgeOfOldestMessage", "Seconds", depth.age.floor()),
            ] {
                let metric = Metric::new("AWS/SQS", name, [("QueueName", queue.as_str())]);
                metrics.record(&metric, unit, value, now);
            }
        }
        Ok(())
    }
}
