//! Whose permissions a command has in the local environment.

use std::sync::OnceLock;

use clap::ValueEnum;

/// An operator of the local environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LocalIdentity {
    /// Holds the policies for reviews that `render --policies` prints.
    Reviewer,
    /// Holds all policies that `render --policies` prints.
    #[default]
    Deployer,
    /// May do everything.
    Administrator,
}

/// The identity of this process.
static CHOSEN: OnceLock<LocalIdentity> = OnceLock::new();

impl LocalIdentity {
    /// Returns the name that the credentials have in `stack.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Deployer => "deployer",
            Self::Administrator => "administrator",
        }
    }

    pub(super) fn choose(self) {
        // A second choice is ignored: a process has one command line.
        let _ = CHOSEN.set(self);
    }
}

/// Returns the identity that this process has in the local environment.
pub fn local_identity() -> LocalIdentity {
    CHOSEN.get().copied().unwrap_or_default()
}
