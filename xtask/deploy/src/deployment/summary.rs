//! What a deployment did, for its last lines.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::release::ReleaseId;

/// What is deployed now, and what was changed.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The release that is deployed.
    pub release: ReleaseId,
    /// The number of resources that were changed in each way.
    pub changes: String,
}

/// A part of a deployment whose time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedPhase {
    /// Checks before anything is compiled.
    Checks,
    /// Compiling the functions.
    Build,
    /// Reading and comparing what is deployed, without the time in which a person decides.
    Review,
    /// Uploading, and the change by CloudFormation.
    Changes,
    /// Verifying the result.
    Verification,
}

impl TimedPhase {
    /// Returns the name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Build => "build",
            Self::Review => "review",
            Self::Changes => "changes",
            Self::Verification => "verification",
        }
    }
}

/// How long each phase took.
#[derive(Debug, Default)]
pub(super) struct Timings(Mutex<Vec<(TimedPhase, Duration)>>);

impl Timings {
    /// Awaits a part of the deployment and adds its time to a phase.
    pub(super) fn measure<T>(
        &self,
        phase: TimedPhase,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        // The futures of a deployment are large.
        let work = Box::pin(work);
        async move {
            let start = Instant::now();
            let done = work.await;
            let mut phases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match phases.iter_mut().find(|(measured, _)| *measured == phase) {
                Some((_, duration)) => *duration += start.elapsed(),
                None => phases.push((phase, start.elapsed())),
            }
            done
        }
    }

    /// Returns the phases in the order in which they began.
    pub(super) fn phases(&self) -> Vec<(TimedPhase, Duration)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
