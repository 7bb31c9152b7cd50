//! An operator for tests.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures_util::future::BoxFuture;
use machine::{Progress, Step, Unreported};

use super::{Operator, ResourceChange};
use crate::connection::AwsCall;

/// An operator that discards reports and declines every question.
pub(crate) struct SilentOperator;

impl Progress for SilentOperator {
    fn note(&self, _text: &str) {}

    fn begin(&self, _name: &str) -> Box<dyn Step> {
        Box::new(Unreported)
    }
}

impl Operator for SilentOperator {
    fn warn(&self, _error: &anyhow::Error) {}

    fn resource(&self, _change: &ResourceChange<'_>) {}

    fn rolling_back(&self) {}

    fn confirm<'a>(&'a self, _question: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }
}

/// An operator that keeps notes, warnings and calls, and declines every question.
#[derive(Default)]
pub(crate) struct RecordingOperator {
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
    pub(crate) calls: Arc<Mutex<Vec<AwsCall>>>,
}

impl Progress for RecordingOperator {
    fn note(&self, text: &str) {
        self.notes.lock().unwrap().push(text.to_owned());
    }

    fn begin(&self, name: &str) -> Box<dyn Step> {
        Unreported.begin(name)
    }
}

impl Operator for RecordingOperator {
    fn warn(&self, error: &anyhow::Error) {
        self.note(&error.to_string());
    }

    fn aws_call(&self, call: &AwsCall) {
        self.calls.lock().unwrap().push(call.clone());
    }

    fn resource(&self, _change: &ResourceChange<'_>) {}

    fn rolling_back(&self) {}

    fn confirm<'a>(&'a self, _question: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(false) })
    }
}
