//! How far a change of a stack is, for whoever has to say what an interruption leaves.

use std::sync::{Mutex, PoisonError};

use stack::Environment;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The stack is as it was.
    #[default]
    Preparing,
    /// CloudFormation changes it, and goes on without us.
    Executing,
    /// It is changed, and is tried.
    Verifying,
}

impl Phase {
    /// What is left to know of it after Ctrl-C.
    pub fn interruption(self, environment: &Environment) -> String {
        match self {
            Self::Preparing => "\n  interrupted; the stack was not changed".to_owned(),
            Self::Executing => format!(
                "\n  interrupted; CloudFormation continues.\n  `cargo xtask status --env {0} --follow` \
                 follows it to the end; `cargo xtask deploy --env {0}` waits for it first",
                environment.name
            ),
            Self::Verifying => "\n  interrupted; everything is deployed, but was not verified".to_owned(),
        }
    }
}

/// A phase that changes while others look at it.
#[derive(Debug, Default)]
pub struct PhaseCell(Mutex<Phase>);

impl PhaseCell {
    pub fn get(&self) -> Phase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
}
