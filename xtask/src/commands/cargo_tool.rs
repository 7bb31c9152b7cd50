//! Tools that are crates: installed once into target/tools, in pinned versions.

use std::path::PathBuf;

use anyhow::{Context, Result};
use command_line::terminal;
use machine::{command, workspace};

/// The program of a crate of the same name, installed if need be.
pub(crate) fn program(name: &str, version: &str) -> Result<PathBuf> {
    let root = workspace::tools().join(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if !program.exists() {
        terminal::say(format!("  installing {name} {version}, which takes some minutes, once …"));
        let mut install = command::cargo();
        // Built without optimisation: these run for a second, and would compile for much longer.
        install.args(["install", "--quiet", "--locked", "--debug", "--no-track", "--root"]).arg(&root);
        install.args([name, "--version", version]);
        install.env("CARGO_TARGET_DIR", workspace::target().join(name));
        command::run_blocking(&mut install).with_context(|| format!("{name} cannot be installed"))?;
    }
    Ok(program)
}
