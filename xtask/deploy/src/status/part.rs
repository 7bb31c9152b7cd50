//! A part of the status, which may be unknown while all others are known.

use anyhow::{Error, Result};
use aws_smithy_types::error::ErrorMetadata;
use serde::Serialize;

/// Whether a part needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It does not.
    Ok,
    /// Something is wrong.
    Attention,
    /// It could not be read.
    Unknown,
}

/// A part of the status.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Part<T> {
    /// It was read.
    Known {
        /// Whether it needs attention.
        mark: Mark,
        /// What was read.
        #[serde(flatten)]
        value: T,
    },
    /// It could not be read.
    Unknown {
        /// Always that it is unknown.
        mark: Mark,
        /// Why.
        error: String,
    },
}

impl<T> Part<T> {
    /// Returns a part with the mark that `needs_attention` decides on.
    pub(super) fn new(read: Result<T>, needs_attention: impl FnOnce(&T) -> bool) -> Self {
        match read {
            Ok(value) => {
                let mark = if needs_attention(&value) { Mark::Attention } else { Mark::Ok };
                Self::Known { mark, value }
            }
            Err(error) => Self::Unknown { mark: Mark::Unknown, error: text(&error) },
        }
    }

    /// Returns whether the part needs attention.
    pub const fn mark(&self) -> Mark {
        match self {
            Self::Known { mark, .. } | Self::Unknown { mark, .. } => *mark,
        }
    }

    /// Returns what was read.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }
}

/// Returns what failed and its cause, on one line.
///
/// The AWS SDK wraps the message of a service in layers without information.
fn text(error: &Error) -> String {
    let of_service = error.chain().find_map(|cause| {
        let metadata = cause.downcast_ref::<ErrorMetadata>()?;
        Some(format!("{} ({})", metadata.message()?, metadata.code().unwrap_or("no code")))
    });
    let cause = of_service.unwrap_or_else(|| error.root_cause().to_string());
    let what = error.to_string();
    if what == cause { what } else { format!("{what}: {cause}") }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use aws_smithy_types::error::ErrorMetadata;
    use serde::Serialize;
    use serde_json::json;

    use super::{Mark, Part};

    #[derive(Debug, PartialEq, Serialize)]
    struct Value {
        depth: u8,
    }

    #[test]
    fn part_has_its_mark_beside_its_value() {
        let part = |depth| Part::new(Ok(Value { depth }), |value| value.depth > 0);
        assert_eq!(serde_json::to_value(part(0)).unwrap(), json!({ "mark": "ok", "depth": 0 }));
        assert_eq!(serde_json::to_value(part(1)).unwrap(), json!({ "mark": "attention", "depth": 1 }));
    }

    #[test]
    fn part_that_cannot_be_read_has_the_message_of_the_service() {
        let denied = ErrorMetadata::builder().code("AccessDenied").message("bob may not").build();
        let error = anyhow::Error::new(denied).context("service error").context("cannot read the alarms");
        let part: Part<Value> = Part::new(Err(error), |_| true);
        assert_eq!((part.mark(), part.value()), (Mark::Unknown, None));
        let expected = "cannot read the alarms: bob may not (AccessDenied)";
        assert_eq!(serde_json::to_value(part).unwrap(), json!({ "mark": "unknown", "error": expected }));
    }

    #[test]
    fn part_without_an_error_of_a_service_has_the_first_cause() {
        let error = Err::<Value, _>(anyhow!("connection refused")).context("cannot read the queue");
        let part = Part::new(error, |_| true);
        let Part::Unknown { error, .. } = part else { panic!("{part:?}") };
        assert_eq!(error, "cannot read the queue: connection refused");
    }
}
