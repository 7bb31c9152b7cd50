//! cargo-deny: licences, banned crates, sources. Only what it can tell without the network.

use anyhow::Result;

use crate::{cargo_tool, process};

/// Run the checks of .cargo/deny.toml; installs cargo-deny on first use.
pub(crate) fn check() -> Result<()> {
    let program = cargo_tool::program("cargo-deny", "0.20.2")?;
    // Offline it looks at the crates of all platforms.
    process::run_blocking(process::cargo().args(["fetch", "--locked", "--quiet"]))?;
    process::run_blocking(process::at_root(program).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
