//! The user at the terminal, as the operator of the library's operations.

use aws_sdk_cloudformation::error::ErrorMetadata;
use command_line::terminal::{self, TerminalProgress, paint};
use command_line::{is_verbose, layout};
use deploy::connection::AwsCall;
use deploy::operator::{Operator, ResourceChange, ResourceOutcome};
use futures_util::future::BoxFuture;
use machine::{Progress, Step};

/// The user at the terminal.
pub struct Terminal;

impl Progress for Terminal {
    fn note(&self, text: &str) {
        TerminalProgress.note(text);
    }

    fn begin(&self, name: &str) -> Box<dyn Step> {
        TerminalProgress.begin(name)
    }
}

impl Operator for Terminal {
    fn warn(&self, error: &anyhow::Error) {
        terminal::warning(error, aws_error_message);
    }

    fn resource(&self, change: &ResourceChange<'_>) {
        let ResourceChange { logical_id, resource_type, outcome, duration } = change;
        let sign = if *outcome == ResourceOutcome::Failed { paint("✗", "31") } else { paint("✓", "32") };
        let duration = match outcome {
            ResourceOutcome::Kept => "kept".to_owned(),
            ResourceOutcome::Done | ResourceOutcome::Failed => format!("{:.1} s", duration.as_secs_f64()),
        };
        terminal::say(layout::resource(&sign, logical_id, resource_type, &paint(&duration, "2")));
    }

    fn rolling_back(&self) {
        terminal::say(paint("    rolling back", "33"));
    }

    fn aws_call(&self, call: &AwsCall) {
        if is_verbose() {
            terminal::report(paint(&to_text(call), "2"));
        }
    }

    fn confirm<'a>(&'a self, question: &'a str) -> BoxFuture<'a, anyhow::Result<bool>> {
        Box::pin(terminal::confirm(question))
    }
}

/// Formats a call on one line.
fn to_text(call: &AwsCall) -> String {
    let AwsCall { service, operation, status, error, duration } = call;
    let outcome = match (status, error) {
        (Some(status), Some(error)) => format!("{status} {error}"),
        (Some(status), None) => status.to_string(),
        (None, error) => error.clone().unwrap_or_default(),
    };
    format!("    {service} {operation}  {outcome}  {} ms", duration.as_millis())
}

/// Returns the message and code of an AWS service's error response.
///
/// The AWS SDK wraps it in layers without information.
pub fn aws_error_message(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let metadata = cause.downcast_ref::<ErrorMetadata>()?;
    Some(format!("{} ({})", metadata.message()?, metadata.code().unwrap_or("no code")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use deploy::connection::AwsCall;

    use super::to_text;

    #[test]
    fn call_is_shown_with_its_outcome_and_duration() {
        let text = |status, error: Option<&str>| {
            to_text(&AwsCall {
                service: "S3".to_owned(),
                operation: "GetObject".to_owned(),
                status,
                error: error.map(str::to_owned),
                duration: Duration::from_micros(12_345),
            })
        };
        assert_eq!(text(Some(200), None), "    S3 GetObject  200  12 ms");
        assert_eq!(text(Some(404), Some("NoSuchKey")), "    S3 GetObject  404 NoSuchKey  12 ms");
        assert_eq!(text(None, Some("no response")), "    S3 GetObject  no response  12 ms");
    }
}
