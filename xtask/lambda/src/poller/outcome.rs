//! Which messages of a batch succeeded, by what the function answered.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What becomes of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome {
    /// Every message succeeded.
    AllSucceeded,
    /// The messages with these ids failed.
    SomeFailed(BTreeSet<String>),
    /// Every message failed, and why.
    AllFailed(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    batch_item_failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl BatchOutcome {
    /// Reads a partial batch response for the messages with these ids.
    ///
    /// Nothing, `null`, and an empty or absent list mean success; anything that cannot be understood means that all
    /// failed, so that no message is lost:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
    pub(super) fn of(answer: &[u8], ids: &[&str]) -> Self {
        if answer.trim_ascii().is_empty() {
            return Self::AllSucceeded;
        }
        // By way of a map, because serde takes a list for a struct too.
        let answer = serde_json::from_slice::<Option<Map<String, Value>>>(answer)
            .and_then(|fields| serde_json::from_value(Value::Object(fields.unwrap_or_default())));
        let failures = match answer {
            Ok(Answer { batch_item_failures }) => batch_item_failures.unwrap_or_default(),
            Err(error) => return Self::AllFailed(format!("no partial batch response: {error}")),
        };
        let failed: BTreeSet<String> = failures.into_iter().map(|failure| failure.item_identifier).collect();
        match failed.iter().find(|id| !ids.contains(&id.as_str())) {
            Some(unknown) => Self::AllFailed(format!("{unknown:?} is the id of no message of the batch")),
            None if failed.is_empty() => Self::AllSucceeded,
            None => Self::SomeFailed(failed),
        }
    }

    /// Whether the message with this id is done.
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

    fn outcome(answer: &str) -> BatchOutcome {
        BatchOutcome::of(answer.as_bytes(), &["a", "b"])
    }

    #[test]
    fn no_failures_is_success() {
        for answer in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures": []}"#,
            r#"{"batchItemFailures": null}"#,
            r#"{"x": 1}"#,
        ] {
            assert_eq!(outcome(answer), BatchOutcome::AllSucceeded, "{answer}");
        }
    }

    #[test]
    fn named_messages_fail_alone() {
        let outcome = outcome(r#"{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}"#);
        assert!(outcome.is_success("a"));
        assert!(!outcome.is_success("b"));
    }

    #[test]
    fn what_cannot_be_understood_fails_the_batch() {
        for answer in [
            "no json",
            "\"ok\"",
            "[]",
            r#"{"batchItemFailures": "a"}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"itemId": "a"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}"#,
        ] {
            let outcome = outcome(answer);
            assert!(matches!(outcome, BatchOutcome::AllFailed(_)), "{answer}: {outcome:?}");
            assert!(!outcome.is_success("a") && !outcome.is_success("b"));
        }
    }
}
