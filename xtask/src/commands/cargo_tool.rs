//! Installs tools that are crates into target/tools once, in pinned versions.

use std::path::PathBuf;

use anyhow::{Context, Result};
use command_line::terminal;
use machine::{command, workspace};

/// Returns the program of a crate with the same name, and installs it if necessary.
pub(crate) fn program(name: &str, version: &str) -> Result<PathBuf> {
    let root = workspace::tools().join(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if !program.exists() {
        terminal::say(format!("  installing {name} {version}, which takes some minutes, once …"));
        let mut install = command::cargo();
        // Tools run for a second and would take much longer to compile with optimization.
        install.args(["install", "--quiet", "--locked", "--debug", "--no-track", "--root"]).arg(&root);
        install.args([name, "--version", version]);
        install
            // The tools share dependencies.
            .env("CARGO_TARGET_DIR", workspace::target().join("cargo-tools"))
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            // Our lints are not theirs.
            .env_remove("RUSTC_WORKSPACE_WRAPPER");
        command::run_blocking(&mut install).with_context(|| format!("{name} cannot be installed"))?;
    }
    Ok(program)
}
