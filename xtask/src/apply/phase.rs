//! How far a change of a stack is, for whoever has to say what an interruption leaves.

use std::sync::{Mutex, PoisonError};

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The stack is as it was.
    #[default]
    Preparing,
    /// CloudFormation changes it, and goes on without us.
    Executing,
    /// It is changed, and is tried.
    Verifying,
}

/// A phase that changes while others look at it.
#[derive(Debug, Default)]
pub(crate) struct PhaseCell(Mutex<Phase>);

impl PhaseCell {
    pub(crate) fn get(&self) -> Phase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
}
