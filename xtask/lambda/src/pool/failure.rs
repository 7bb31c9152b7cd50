//! The function errors that Lambda reports when a function gives no response.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::InvocationOutcome;

/// The reason why an instance gave no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The invocation exceeded this timeout.
    TimedOut(Duration),
    /// The process ended.
    Exited(ExitStatus),
}

impl Failure {
    /// Returns the outcome of the invocation with this request id.
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
