//! Deployed event source mappings from queues to functions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{ControlPlane, ControlPlaneError, FunctionArn, FunctionName, QueueArn, refuse_if};

/// The limits of Lambda for a standard queue. More than ten messages need a batching window:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html>.
const MAXIMUM_BATCH_SIZE: u16 = 10_000;
const MAXIMUM_BATCH_SIZE_WITHOUT_WINDOW: u16 = 10;
const MAXIMUM_WINDOW_SECONDS: u32 = 300;

/// An enabled mapping of an SQS queue to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSourceMapping {
    /// The queue that is polled.
    pub queue: QueueArn,
    /// The function that handles the messages.
    pub function: FunctionArn,
    /// The maximum number of messages in one event, from 1 to 10,000.
    pub batch_size: u16,
    /// How long messages are gathered before an event with fewer of them is sent.
    pub batching_window: Duration,
    /// The maximum number of concurrent invocations, if the mapping sets one.
    pub maximum_concurrency: Option<u16>,
    /// Whether the function reports which messages of a batch failed.
    pub reports_batch_item_failures: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListResponse {
    event_source_mappings: Vec<Description>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    #[serde(rename = "UUID")]
    uuid: String,
    event_source_arn: String,
    function_arn: String,
    state: String,
    batch_size: u32,
    #[serde(default)]
    maximum_batching_window_in_seconds: u32,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    scaling_config: ScalingConfiguration,
    filter_criteria: Option<Value>,
    destination_config: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfiguration {
    maximum_concurrency: Option<u16>,
}

impl ControlPlane {
    /// Reads the enabled event source mappings of a function.
    pub async fn event_source_mappings(
        &self,
        function: &FunctionName,
    ) -> Result<Vec<EventSourceMapping>, ControlPlaneError> {
        let what = format!("the event source mappings of function {function}");
        let query = [("FunctionName", function.as_str())];
        let response: ListResponse =
            self.describe(&what, "lambda", "/2015-03-31/event-source-mappings/", &query).await?;
        let enabled = response.event_source_mappings.into_iter().filter(|mapping| mapping.state == "Enabled");
        enabled.map(|mapping| parse(&mapping)).collect()
    }
}

fn parse(description: &Description) -> Result<EventSourceMapping, ControlPlaneError> {
    let what = format!("event source mapping {}", description.uuid);
    let invalid = |source| ControlPlaneError::InvalidArn { what: what.clone(), source };
    refuse_if(description.filter_criteria.is_some(), &what, "filtering")?;
    refuse_if(description.destination_config.is_some(), &what, "a destination for failures")?;
    let window = description.maximum_batching_window_in_seconds;
    refuse_if(window > MAXIMUM_WINDOW_SECONDS, &what, format!("a batching window of {window} s"))?;
    let maximum = if window == 0 { MAXIMUM_BATCH_SIZE_WITHOUT_WINDOW } else { MAXIMUM_BATCH_SIZE };
    let batch_size =
        u16::try_from(description.batch_size).ok().filter(|size| (1..=maximum).contains(size)).ok_or_else(
            || ControlPlaneError::not_emulated(&what, format!("batch size {}", description.batch_size)),
        )?;
    if let Some(other) =
        description.function_response_types.iter().find(|kind| *kind != "ReportBatchItemFailures")
    {
        return Err(ControlPlaneError::not_emulated(&what, format!("response type {other}")));
    }
    Ok(EventSourceMapping {
        queue: description.event_source_arn.parse().map_err(invalid)?,
        function: description.function_arn.parse().map_err(invalid)?,
        batch_size,
        batching_window: Duration::from_secs(window.into()),
        maximum_concurrency: description.scaling_config.maximum_concurrency,
        reports_batch_item_failures: !description.function_response_types.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(change: impl FnOnce(&mut Value)) -> Result<EventSourceMapping, ControlPlaneError> {
        let mut description = serde_json::json!({
            "UUID": "480a3be4", "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:restore",
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:restore", "Qualifier": null,
            "State": "Enabled", "BatchSize": 10, "MaximumBatchingWindowInSeconds": 0,
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 2},
        });
        change(&mut description);
        parse(&serde_json::from_value(description).unwrap())
    }

    #[test]
    fn mapping_is_parsed() {
        let mapping = mapping(|_| ()).unwrap();
        assert_eq!(mapping.queue.name, "restore");
        assert_eq!(mapping.function.name.as_str(), "restore");
        assert_eq!((mapping.batch_size, mapping.maximum_concurrency), (10, Some(2)));
        assert_eq!(mapping.batching_window, Duration::ZERO);
        assert!(mapping.reports_batch_item_failures);
    }

    #[test]
    fn large_batch_needs_a_window() {
        let large = |window| {
            mapping(|d| {
                d["BatchSize"] = serde_json::json!(10_000);
                d["MaximumBatchingWindowInSeconds"] = serde_json::json!(window);
            })
        };
        let with_window = large(1).unwrap();
        assert_eq!((with_window.batch_size, with_window.batching_window), (10_000, Duration::from_secs(1)));
        assert!(large(0).unwrap_err().to_string().contains("batch size 10000"));
    }

    #[test]
    fn mapping_without_response_types_handles_whole_batches() {
        let mapping = mapping(|d| d["FunctionResponseTypes"] = serde_json::json!([])).unwrap();
        assert!(!mapping.reports_batch_item_failures);
    }

    #[test]
    fn unsupported_mapping_feature_is_rejected_by_name() {
        for (key, value, feature) in [
            ("FilterCriteria", serde_json::json!({"Filters": []}), "filtering"),
            ("MaximumBatchingWindowInSeconds", serde_json::json!(301), "a batching window of 301 s"),
            ("BatchSize", serde_json::json!(100), "batch size 100"),
            ("FunctionResponseTypes", serde_json::json!(["Other"]), "response type Other"),
            ("EventSourceArn", serde_json::json!("arn:aws:sqs:us-east-1:0:q.fifo"), "standard SQS queue"),
        ] {
            let error = mapping(|d| d[key] = value).unwrap_err().to_string();
            assert!(error.contains(feature), "{error}");
        }
    }
}
