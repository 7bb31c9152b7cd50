//! The user at the terminal, as the operator of the library's operations.

use aws_sdk_cloudformation::error::ErrorMetadata;
use command_line::layout;
use command_line::terminal::{self, TerminalProgress, paint};
use deploy::operator::{Operator, ResourceChange, ResourceEnding};
use futures_util::future::BoxFuture;
use machine::{Progress, Step};

/// The user at the terminal.
pub(crate) struct Terminal;

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
        terminal::warning(error, said_by_aws);
    }

    fn resource(&self, change: &ResourceChange<'_>) {
        let ResourceChange { logical_id, resource_type, ending, took } = change;
        let sign = if *ending == ResourceEnding::Failed { paint("✗", "31") } else { paint("✓", "32") };
        let took = match ending {
            ResourceEnding::Kept => "kept".to_owned(),
            ResourceEnding::Done | ResourceEnding::Failed => format!("{:.1} s", took.as_secs_f64()),
        };
        terminal::say(layout::resource(&sign, logical_id, resource_type, &paint(&took, "2")));
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
pub(crate) fn said_by_aws(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let said = cause.downcast_ref::<ErrorMetadata>()?;
    Some(format!("{} ({})", said.message()?, said.code().unwrap_or("no code")))
}
