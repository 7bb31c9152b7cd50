//! The user at the terminal, as the operator of the library's operations.

use aws_sdk_cloudformation::error::ErrorMetadata;
use command_line::layout;
use command_line::terminal::{self, TerminalProgress, paint};
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

    fn confirm<'a>(&'a self, question: &'a str) -> BoxFuture<'a, anyhow::Result<bool>> {
        Box::pin(terminal::confirm(question))
    }
}

/// Returns the message and code of an AWS service's error response.
///
/// The AWS SDK wraps it in layers without information.
pub fn aws_error_message(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let metadata = cause.downcast_ref::<ErrorMetadata>()?;
    Some(format!("{} ({})", metadata.message()?, metadata.code().unwrap_or("no code")))
}
