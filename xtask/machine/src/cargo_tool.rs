//! Tools that are crates, in pinned versions, installed once into target/tools.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{Progress, command, workspace};

/// Checks licenses, banned crates and sources.
pub const CARGO_DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2" };
/// Builds fuzz targets.
pub const CARGO_FUZZ: CargoTool = CargoTool { name: "cargo-fuzz", version: "0.13.2" };
/// Finds unused dependencies.
pub const CARGO_MACHETE: CargoTool = CargoTool { name: "cargo-machete", version: "0.9.2" };
/// Runs the benchmarks of the crate gungraun, which has to have the same version.
pub const GUNGRAUN_RUNNER: CargoTool = CargoTool { name: "gungraun-runner", version: "0.20.0" };

/// A tool, which is a crate with a program of the same name.
pub struct CargoTool {
    name: &'static str,
    version: &'static str,
}

impl CargoTool {
    /// Returns the tool's program, and installs it if necessary.
    pub fn program(&self, progress: &dyn Progress) -> Result<PathBuf> {
        let Self { name, version } = self;
        let root = workspace::tools().join(format!("{name}-{version}"));
        let program = root.join("bin").join(name);
        if !program.exists() {
            progress.note(&format!("  installing {name} {version}, which takes some minutes, once …"));
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
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::GUNGRAUN_RUNNER;
    use crate::repository;

    #[test]
    fn the_runner_of_benchmarks_has_the_version_of_their_crate() {
        let manifest = fs::read_to_string(repository::root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("\ngungraun = \"={}\"\n", GUNGRAUN_RUNNER.version)));
    }
}
