//! Python and its packages, which provide the emulator and other programs of the local stack.

mod environment;
mod interpreter;
mod packages;
pub(crate) mod virtual_environment;

pub use environment::{InstallError, Installation, PythonEnvironment};
pub use interpreter::{PythonError, find};
pub use packages::{MINISTACK, POSTGRESQL};
