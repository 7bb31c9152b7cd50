//! The commands that create Python environments.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Returns the command that creates a virtual environment.
pub(crate) fn create(python: &OsStr, directory: &Path) -> Command {
    let mut command = Command::new(python);
    command.args(["-I", "-m", "venv"]).arg(directory);
    command
}

/// Returns the command that installs packages into a virtual environment, without compiling any.
///
/// The caller adds the packages.
pub(crate) fn install_packages(environment: &Path) -> Command {
    let mut command = Command::new(environment.join("bin/python"));
    command.args(["-I", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
    // Python compiles a module when it first imports it. Compiling all of them takes longer than the installation.
    command.args(["--only-binary=:all:", "--no-compile"]);
    command
}
