//! The compilation of the workspace, beside other checks.

use std::process::Child;

use anyhow::{Context, Result, ensure};
use machine::{command, repository};

/// A compilation of all crates, with lints and documentation, which prints only warnings and errors.
///
/// It ends when this is dropped: a check that fails is not followed by minutes of waiting.
pub(super) struct Compilation {
    cargo: Child,
}

impl Compilation {
    /// Starts it.
    ///
    /// In `.ci/run`, Cargo compiles everything with the same program, so nothing is compiled twice.
    pub(super) fn start() -> Result<Self> {
        let mut cargo = command::cargo();
        cargo.args(["build", "--workspace", "--all-targets", "--quiet"]);
        cargo.env("RUSTC_WORKSPACE_WRAPPER", repository::root().join(".ci/rustc"));
        Ok(Self { cargo: cargo.spawn().context("cargo could not be started")? })
    }

    /// Waits until everything is compiled.
    pub(super) fn end(mut self) -> Result<()> {
        let status = self.cargo.wait().context("cannot wait for cargo")?;
        ensure!(status.success(), "the crates cannot be compiled ({status}); the messages are above");
        Ok(())
    }
}

impl Drop for Compilation {
    fn drop(&mut self) {
        // Neither has an effect after the end.
        let _ = self.cargo.kill();
        let _ = self.cargo.wait();
    }
}
