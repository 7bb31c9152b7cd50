//! The steps of a rotation, as they are reported to the page.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Error, Result, ensure};
use deploy::operator::{Operator, ResourceChange};
use machine::{Progress, Step};
use serde_json::{Value, json};

/// What marks a note as the beginning of a step.
const STEP: &str = "step: ";

/// Records the last rotation. It is the operator of the console's connection.
#[derive(Default)]
pub(super) struct RotationLog(Arc<Mutex<Record>>);

#[derive(Default)]
struct Record {
    is_running: bool,
    steps: Vec<RecordedStep>,
    /// How the rotation ended.
    result: Option<String>,
}

struct RecordedStep {
    name: String,
    details: Vec<String>,
    began: Instant,
    /// How long it took, and whether it succeeded.
    ended: Option<(u128, bool)>,
}

impl RotationLog {
    /// Begins a rotation, unless one is running.
    pub(super) fn begin(&self) -> Result<()> {
        let mut record = lock(&self.0);
        ensure!(!record.is_running, "a rotation is running already");
        *record = Record { is_running: true, ..Record::default() };
        Ok(())
    }

    /// Ends the rotation.
    pub(super) fn end(&self, result: Result<String>) {
        let mut record = lock(&self.0);
        record.end_step(result.is_ok());
        record.result = Some(result.unwrap_or_else(|error| format!("{error:#}")));
        record.is_running = false;
    }

    /// Returns the rotation as the page shows it.
    pub(super) fn to_json(&self) -> Value {
        let record = lock(&self.0);
        let steps = record.steps.iter().map(|step| {
            json!({
                "name": step.name,
                "details": step.details,
                "state": step.ended.map_or("running", |(_, succeeded)| if succeeded { "done" } else { "failed" }),
                "milliseconds": step.ended.map(|(milliseconds, _)| milliseconds),
            })
        });
        json!({
            "is_running": record.is_running,
            "steps": steps.collect::<Vec<_>>(),
            "result": record.result,
        })
    }
}

impl Record {
    fn begin_step(&mut self, name: &str) {
        self.end_step(true);
        let name = name.to_owned();
        self.steps.push(RecordedStep { name, details: Vec::new(), began: Instant::now(), ended: None });
    }

    fn end_step(&mut self, succeeded: bool) {
        if let Some(step) = self.steps.last_mut().filter(|step| step.ended.is_none()) {
            step.ended = Some((step.began.elapsed().as_millis(), succeeded));
        }
    }

    fn add_detail(&mut self, detail: String) {
        if self.is_running
            && let Some(step) = self.steps.last_mut()
        {
            step.details.push(detail);
        }
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress for RotationLog {
    fn note(&self, text: &str) {
        let mut record = lock(&self.0);
        match text.trim_start().strip_prefix(STEP) {
            Some(step) => record.begin_step(step),
            None => record.add_detail(text.trim().to_owned()),
        }
    }

    fn begin(&self, name: &str) -> Box<dyn Step> {
        Box::new(Detail { name: name.to_owned(), record: Arc::clone(&self.0) })
    }
}

/// A part of a step, such as the change set of a deployment.
struct Detail {
    name: String,
    record: Arc<Mutex<Record>>,
}

impl Step for Detail {
    fn show(&self, _: &str) {}

    fn done(self: Box<Self>, detail: &str) {
        lock(&self.record).add_detail(format!("{}: {detail}", self.name));
    }
}

impl Operator for RotationLog {
    fn warn(&self, error: &Error) {
        lock(&self.0).add_detail(format!("warning: {error:#}"));
    }

    fn resource(&self, change: &ResourceChange<'_>) {
        lock(&self.0).add_detail(change.logical_id.to_owned());
    }

    fn rolling_back(&self) {
        lock(&self.0).add_detail("rolling back".to_owned());
    }

    /// The rotation was confirmed on the page.
    fn confirm<'a>(&'a self, _: &'a str) -> Pin<Box<dyn Future<Output = Result<bool>> + Send + 'a>> {
        Box::pin(async { Ok(true) })
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use machine::Progress as _;

    use super::RotationLog;

    #[test]
    fn steps_are_shown_with_their_state_and_details() {
        let log = RotationLog::default();
        log.note("of another operation");
        log.begin().unwrap();
        log.note("  step: create a key");
        log.note("  step: deploy the key ring");
        machine::Progress::begin(&log, "change set").done("1 change");
        let shown = log.to_json();
        assert_eq!(
            (&shown["steps"][0]["state"], &shown["steps"][1]["state"]),
            (&"done".into(), &"running".into())
        );
        assert_eq!(shown["steps"][1]["details"][0], "change set: 1 change");
        assert!(log.begin().is_err(), "one is running");

        log.end(Err(anyhow!("throttled").context("cannot deploy")));
        let shown = log.to_json();
        assert_eq!(shown["steps"][1]["state"], "failed");
        assert_eq!(
            (&shown["is_running"], &shown["result"]),
            (&false.into(), &"cannot deploy: throttled".into())
        );

        log.begin().unwrap();
        assert!(log.to_json()["steps"].as_array().unwrap().is_empty());
    }
}
