//! An operator for tests.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures_util::future::BoxFuture;
use machine::{Progress, Step};

use super::{Operator, ResourceChange};

/// An operator that discards reports and declines every question.
pub(crate) struct SilentOperator;

struct SilentStep;

impl Progress for SilentOperator {
    fn note(&self, _text: &str) {}

    fn begin(&self, _name: &str) -> Box<dyn Step> {
        Box::new(SilentStep)
    }
}

impl Step for SilentStep {
    fn show(&self, _detail: &str) {}

    fn done(self: Box<Self>, _detail: &str) {}
}

impl Operator for SilentOperator {
    fn warn(&self, _error: &anyhow::Error) {}

    fn resource(&self, _change: &ResourceChange<'_>) {}

    fn rolling_back(&self) {}

    fn confirm<'a>(&'a self, _question: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }
}

/// An operator that keeps the notes, and declines every question.
pub(crate) struct RecordingOperator(pub(crate) Arc<Mutex<Vec<String>>>);

impl Progress for RecordingOperator {
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    fn begin(&self, name: &str) -> Box<dyn Step> {
        SilentOperator.begin(name)
    }
}

impl Operator for RecordingOperator {
    fn warn(&self, _error: &anyhow::Error) {}

    fn resource(&self, _change: &ResourceChange<'_>) {}

    fn rolling_back(&self) {}

    fn confirm<'a>(&'a self, _question: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }
}
