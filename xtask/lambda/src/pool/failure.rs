//! What Lambda answers when a function does not.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::InvocationOutcome;

/// Why an instance gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took longer than this.
    TimedOut(Duration),
    /// Its process ended.
    Exited(ExitStatus),
}

impl Failure {
    /// The outcome of the invocation with the given request id.
    pub(super) fn outcome(self, request_id: Uuid) -> InvocationOutcome {
        let (error_type, message) = match self {
            Self::TimedOut(limit) => {
                ("Sandbox.Timedout", format!("Task timed out after {:.2} seconds", limit.as_secs_f64()))
            }
            Self::Exited(status) if status.success() => {
                ("Runtime.ExitError", "Runtime exited without providing a reason".to_owned())
            }
            Self::Exited(status) => ("Runtime.ExitError", format!("Runtime exited with error: {status}")),
        };
        let message = format!("RequestId: {request_id} Error: {message}");
        let payload = json!({"errorType": error_type, "errorMessage": message});
        InvocationOutcome::FunctionError(Bytes::from(payload.to_string()))
    }
}
