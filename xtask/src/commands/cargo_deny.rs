//! cargo-deny: licences, banned crates, sources. Only what it can tell without the network.

use anyhow::Result;
use machine::command;

use super::cargo_tool;

/// Run the checks of .cargo/deny.toml; installs cargo-deny on first use.
pub(crate) fn check() -> Result<()> {
    let program = cargo_tool::program("cargo-deny", "0.20.2")?;
    // Offline it looks at the crates of all platforms.
    command::run_blocking(command::cargo().args(["fetch", "--locked", "--quiet"]))?;
    command::run_blocking(command::at_root(program).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}
