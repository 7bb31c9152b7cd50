//! The phase of a deployment, which determines what an interruption leaves behind.

use std::sync::{Mutex, PoisonError};

use stack::Environment;

use crate::advice::command_for;

/// The phase of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The stack is unchanged.
    #[default]
    Preparing,
    /// CloudFormation is changing the stack, and continues if this process ends.
    Executing,
    /// The stack is changed and is being verified.
    Verifying,
}

impl Phase {
    /// Returns a message that describes the state after Ctrl-C.
    pub fn interruption(self, environment: &Environment) -> String {
        match self {
            Self::Preparing => "\n  interrupted; the stack was not changed".to_owned(),
            Self::Executing => format!(
                "\n  interrupted; CloudFormation continues.\n  {} follows it to the end; {} waits for it first",
                command_for(&environment.name, "status --follow"),
                command_for(&environment.name, "deploy")
            ),
            Self::Verifying => format!(
                "\n  interrupted; everything is deployed, but was not verified. {} verifies it",
                command_for(&environment.name, "deploy")
            ),
        }
    }
}

/// A phase that can be changed while other tasks read it.
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
