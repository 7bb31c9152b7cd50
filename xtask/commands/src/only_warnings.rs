//! The operator of deployments that are one line, or a measurement, for the reader.

use anyhow::Result;
use deploy::connection::AwsCall;
use deploy::operator::{Operator, ResourceChange};
use futures_util::future::BoxFuture;
use machine::{Progress, Step, Unreported};
use operator::terminal::Terminal;

/// Shows warnings, and no progress.
pub(crate) struct OnlyWarnings;

impl Progress for OnlyWarnings {
    fn note(&self, text: &str) {
        Unreported.note(text);
    }

    fn begin(&self, name: &str) -> Box<dyn Step> {
        Unreported.begin(name)
    }
}

impl Operator for OnlyWarnings {
    fn warn(&self, error: &anyhow::Error) {
        Terminal.warn(error);
    }

    fn resource(&self, _: &ResourceChange<'_>) {}

    fn rolling_back(&self) {
        Terminal.rolling_back();
    }

    fn aws_call(&self, call: &AwsCall) {
        Terminal.aws_call(call);
    }

    fn confirm<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Result<bool>> {
        Terminal.confirm(question)
    }
}
