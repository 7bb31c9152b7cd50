//! The record of what an event does.
//!
//! The record of the current event is a task-local value, so that the database and the AWS clients, which all
//! events share, find it without passing it through every function. A future that is polled in another task
//! records nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use openapi::telemetry::{SegmentId, TraceHeader};
use tokio::task_local;

use super::document::Root;
use super::invocation::Invocation;
use super::step::{Failure, Kind, Step};
use crate::clock;

/// The number of steps that are kept. The others are only counted.
const MAXIMUM_STEPS: usize = 2000;

task_local! {
    static CURRENT: Scope;
}

/// The current event, and the step that new steps belong to.
#[derive(Clone)]
struct Scope {
    activity: Arc<Activity>,
    parent: SegmentId,
}

/// The record of an event.
pub(crate) struct Activity {
    id: SegmentId,
    trace: Option<TraceHeader>,
    root: Root,
    started: SystemTime,
    steps: Mutex<Steps>,
}

/// The steps of an event.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) kept: Vec<Step>,
    /// The number of steps that were not kept.
    pub(super) omitted: usize,
    pub(super) sql_statements: u64,
    pub(super) aws_calls: u64,
    pub(super) reconnects: u64,
}

impl Activity {
    /// Begins the record of an event that belongs to the invocation's own trace.
    pub(crate) fn of_invocation(invocation: &Invocation) -> Arc<Self> {
        Self::begin(invocation.trace, Root::Subsegment)
    }

    /// Begins the record of an event that another event has caused, whose trace its message has.
    ///
    /// Without one, it belongs to the invocation's own trace.
    pub(crate) fn caused_by(cause: Option<TraceHeader>, invocation: &Invocation) -> Arc<Self> {
        match cause {
            Some(cause) => Self::begin(Some(cause), Root::Segment),
            None => Self::of_invocation(invocation),
        }
    }

    fn begin(trace: Option<TraceHeader>, root: Root) -> Arc<Self> {
        let id = SegmentId(fastrand::u64(..));
        Arc::new(Self { id, trace, root, started: clock::now(), steps: Mutex::default() })
    }

    /// Does the work of the event.
    pub(crate) async fn observe<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(Scope { activity: Arc::clone(self), parent: self.id }, work).await
    }

    /// Returns the trace that the event belongs to.
    pub(crate) fn trace(&self) -> Option<TraceHeader> {
        self.trace
    }

    pub(super) fn id(&self) -> SegmentId {
        self.id
    }

    pub(super) fn root(&self) -> Root {
        self.root
    }

    pub(super) fn started(&self) -> SystemTime {
        self.started
    }

    /// Returns how long the event has taken until this time.
    pub(crate) fn duration_until(&self, end: SystemTime) -> Duration {
        end.duration_since(self.started).unwrap_or_default()
    }

    /// Returns the total time of each phase.
    pub(crate) fn phases(&self) -> BTreeMap<Cow<'static, str>, Duration> {
        let mut phases = BTreeMap::new();
        for step in &self.steps().kept {
            if let Kind::Work { is_phase: true } = step.kind {
                let duration = step.end.duration_since(step.start).unwrap_or_default();
                *phases.entry(step.name.clone()).or_default() += duration;
            }
        }
        phases
    }

    pub(super) fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, step: Step) {
        let mut steps = self.steps();
        match step.kind {
            Kind::Statement(_) => steps.sql_statements += 1,
            Kind::AwsCall { .. } => steps.aws_calls += 1,
            Kind::Work { .. } | Kind::HttpCall { .. } => {}
        }
        // A phase ends after the steps in it, and must not be missing.
        if steps.kept.len() < MAXIMUM_STEPS || matches!(step.kind, Kind::Work { .. }) {
            steps.kept.push(step);
        } else {
            steps.omitted += 1;
        }
    }
}

/// A step in progress. Dropping it records it, as failed unless it was finished.
struct OpenStep {
    scope: Scope,
    id: SegmentId,
    name: Cow<'static, str>,
    kind: Option<Kind>,
    start: SystemTime,
    failure: Option<Failure>,
}

impl OpenStep {
    /// Returns a new step of the current event, if there is one.
    fn begin(name: impl Into<Cow<'static, str>>, kind: Kind) -> Option<Self> {
        let scope = CURRENT.try_with(Scope::clone).ok()?;
        Some(Self {
            scope,
            id: SegmentId(fastrand::u64(..)),
            name: name.into(),
            kind: Some(kind),
            start: clock::now(),
            failure: Some(Failure::Fault),
        })
    }

    /// Returns the scope of the steps in this one.
    fn scope_within(&self) -> Scope {
        Scope { activity: Arc::clone(&self.scope.activity), parent: self.id }
    }
}

impl Drop for OpenStep {
    fn drop(&mut self) {
        if let Some(kind) = self.kind.take() {
            self.scope.activity.record(Step {
                id: self.id,
                parent: self.scope.parent,
                name: std::mem::take(&mut self.name),
                kind,
                start: self.start,
                end: clock::now(),
                failure: self.failure,
            });
        }
    }
}

/// Does work that is a step of the current event. Steps that begin meanwhile belong to it.
pub(crate) fn step<T, E>(
    name: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    // Boxed, because the futures of the AWS SDK are large.
    work_in(name, Kind::Work { is_phase: false }, Box::pin(work))
}

/// Does work whose total time is part of the summary.
pub(crate) fn phase<T, E>(
    name: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    work_in(name, Kind::Work { is_phase: true }, Box::pin(work))
}

async fn work_in<T, E>(
    name: &'static str,
    kind: Kind,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let Some(mut step) = OpenStep::begin(name, kind) else { return work.await };
    let outcome = CURRENT.scope(step.scope_within(), work).await;
    step.failure = outcome.is_err().then_some(Failure::Fault);
    outcome
}

/// Executes a statement. Its text is recorded, which has no values.
pub(crate) async fn statement<T, E>(
    text: &'static str,
    execution: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let step = OpenStep::begin("PostgreSQL", Kind::Statement(text));
    let outcome = execution.await;
    if let Some(mut step) = step {
        step.failure = outcome.is_err().then_some(Failure::Fault);
    }
    outcome
}

/// Sends a request to another host. `status_of` returns the status of its response.
///
/// Nothing of the request is recorded, whose URL may be a secret.
pub(crate) async fn http_call<T, E>(
    name: &'static str,
    status_of: impl FnOnce(&T) -> u16,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let step = OpenStep::begin(name, Kind::HttpCall { status: None });
    let outcome = request.await;
    if let (Some(mut step), Ok(response)) = (step, &outcome) {
        let status = status_of(response);
        step.kind = Some(Kind::HttpCall { status: Some(status) });
        step.failure = Failure::from_status(status);
    }
    outcome
}

/// Records an AWS call that began at `start` and has just ended.
pub(super) fn record_aws_call(service: String, kind: Kind, start: SystemTime, failure: Option<Failure>) {
    // No step is recorded without an event: a call of a test, for example.
    let _ = CURRENT.try_with(|scope| {
        scope.activity.record(Step {
            id: SegmentId(fastrand::u64(..)),
            parent: scope.parent,
            name: service.into(),
            kind,
            start,
            end: clock::now(),
            failure,
        });
    });
}

/// Counts that a statement or a transaction is repeated on another connection.
pub(crate) fn count_reconnect() {
    let _ = CURRENT.try_with(|scope| scope.activity.steps().reconnects += 1);
}

/// Returns the header that messages of the current event carry, so that their handling belongs to its trace.
pub(crate) fn trace_header_for_messages() -> Option<TraceHeader> {
    CURRENT.try_with(|scope| Some(scope.activity.trace?.below(scope.parent))).ok().flatten()
}
