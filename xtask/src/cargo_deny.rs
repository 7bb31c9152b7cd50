//! cargo-deny: licences, banned crates, sources. Only what it can tell without the network.

use anyhow::{Context, Result};

use crate::{process, terminal, workspace};

const VERSION: &str = "0.20.2";

/// Run the checks of .cargo/deny.toml; installs cargo-deny on first use.
pub(crate) fn check() -> Result<()> {
    let root = workspace::tools().join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin/cargo-deny");
    if !program.exists() {
        terminal::say(format!("  installing cargo-deny {VERSION}, which takes some minutes, once …"));
        let mut install = process::cargo();
        // Built without optimisation: it runs for a second, and would compile for much longer.
        install.args(["install", "--quiet", "--locked", "--debug", "--no-track", "--root"]).arg(&root);
        install.args(["cargo-deny", "--version", VERSION]);
        install.env("CARGO_TARGET_DIR", workspace::target().join("cargo-deny"));
        process::run_blocking(&mut install).context("cargo-deny cannot be installed")?;
    }
    // Offline it looks at the crates of all platforms.
    process::run_blocking(process::cargo().args(["fetch", "--locked", "--quiet"]))?;
    process::run_blocking(
        std::process::Command::new(program)
            .args(["--offline", "check", "licenses", "bans", "sources"])
            .current_dir(workspace::root()),
    )
}
