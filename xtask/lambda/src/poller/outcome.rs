//! Determines from a function's response which messages of a batch succeeded.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The outcome of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome {
    /// Every message succeeded.
    AllSucceeded,
    /// The messages with these ids failed.
    SomeFailed(BTreeSet<String>),
    /// Every message failed, for this reason.
    AllFailed(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl BatchOutcome {
    /// Parses the partial batch response for the messages with these ids.
    ///
    /// An empty response, `null`, and an empty or absent list mean success. Every message fails if the response is
    /// invalid, so that no message is lost:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    pub(super) fn from_response(response: &[u8], ids: &[&str]) -> Self {
        if response.trim_ascii().is_empty() {
            return Self::AllSucceeded;
        }
        // Parse into a map first, because serde also accepts a list for a struct.
        let response = serde_json::from_slice::<Option<Map<String, Value>>>(response)
            .and_then(|fields| serde_json::from_value(Value::Object(fields.unwrap_or_default())));
        let failures = match response {
            Ok(Response { batch_item_failures }) => batch_item_failures.unwrap_or_default(),
            Err(error) => return Self::AllFailed(format!("no partial batch response: {error}")),
        };
        let failed: BTreeSet<String> = failures.into_iter().map(|failure| failure.item_identifier).collect();
        match failed.iter().find(|id| !ids.contains(&id.as_str())) {
            Some(unknown) => Self::AllFailed(format!("{unknown:?} is the id of no message of the batch")),
            None if failed.is_empty() => Self::AllSucceeded,
            None => Self::SomeFailed(failed),
        }
    }

    /// Returns whether the message with this id succeeded.
    pub(super) fn is_success(&self, id: &str) -> bool {
        match self {
            Self::AllSucceeded => true,
            Self::SomeFailed(failed) => !failed.contains(id),
            Self::AllFailed(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(response: &str) -> BatchOutcome {
        BatchOutcome::from_response(response.as_bytes(), &["a", "b"])
    }

    #[test]
    fn no_failures_is_success() {
        for response in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures": []}"#,
            r#"{"batchItemFailures": null}"#,
            r#"{"x": 1}"#,
        ] {
            assert_eq!(outcome(response), BatchOutcome::AllSucceeded, "{response}");
        }
    }

    #[test]
    fn named_messages_fail_alone() {
        let outcome = outcome(r#"{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}"#);
        assert!(outcome.is_success("a"));
        assert!(!outcome.is_success("b"));
    }

    #[test]
    fn malformed_response_fails_the_batch() {
        for response in [
            "no json",
            "\"ok\"",
            "[]",
            r#"{"batchItemFailures": "a"}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"itemId": "a"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}"#,
        ] {
            let outcome = outcome(response);
            assert!(matches!(outcome, BatchOutcome::AllFailed(_)), "{response}: {outcome:?}");
            assert!(!outcome.is_success("a") && !outcome.is_success("b"));
        }
    }
}
