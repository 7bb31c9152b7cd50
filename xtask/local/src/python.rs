//! Python, which runs the emulator, and environments of packages that carry programs of the local stack.

mod environment;
mod interpreter;

pub use environment::{InstallError, Installation, PythonEnvironment};
pub use interpreter::{PythonError, find};
