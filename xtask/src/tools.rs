//! Tools that are Python packages: looked for on PATH first, else installed once into target/tools, in pinned versions.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::{process, terminal, workspace};

/// cargo-lambda, with zig for linking.
pub(crate) const CARGO_LAMBDA: Tool =
    Tool { name: "cargo-lambda", version: "1.9.2", packages: &["cargo-lambda==1.9.2", "ziglang==0.15.2"] };
/// A linter of CloudFormation templates.
pub(crate) const CFN_LINT: Tool =
    Tool { name: "cfn-lint", version: "1.58.0", packages: &["cfn-lint==1.58.0"] };
/// A scanner of CloudFormation templates for what is insecure.
pub(crate) const CHECKOV: Tool = Tool { name: "checkov", version: "3.3.30", packages: &["checkov==3.3.30"] };
/// A validator of OpenAPI documents.
pub(crate) const OPENAPI_SPEC_VALIDATOR: Tool =
    Tool { name: "openapi-spec-validator", version: "0.9.0", packages: &["openapi-spec-validator==0.9.0"] };

/// A tool and what it is installed from.
pub(crate) struct Tool {
    /// Its name, which is also that of its program.
    pub(crate) name: &'static str,
    version: &'static str,
    packages: &'static [&'static str],
}

/// A program of a tool, and what else must be found for it.
pub(crate) struct Program {
    path: PathBuf,
    beside: Option<PathBuf>,
}

impl Program {
    /// The program.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// `PATH`, with the programs that were installed together with it.
    pub(crate) fn search_path(&self) -> Result<OsString> {
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let paths = self.beside.iter().cloned().chain(std::env::split_paths(&inherited));
        std::env::join_paths(paths).context("PATH cannot be extended")
    }
}

impl Tool {
    /// The tool's program, installed if need be.
    pub(crate) fn program(&self) -> Result<Program> {
        if let Some(path) = self.on_path() {
            return Ok(Program { path, beside: None });
        }
        let environment = workspace::tools().join(self.packages.join("_").replace("==", "-"));
        if !environment.exists() {
            self.install(&environment)?;
        }
        let beside = environment.join("bin");
        Ok(Program { path: beside.join(self.name), beside: Some(beside) })
    }

    /// Where the tool is now, if it is anywhere.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        let installed =
            workspace::tools().join(self.packages.join("_").replace("==", "-")).join("bin").join(self.name);
        self.on_path().or_else(|| installed.exists().then_some(installed))
    }

    /// The program on PATH, where it is there, works, and is of the pinned version.
    fn on_path(&self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        let mut candidates = std::env::split_paths(&path).map(|directory| directory.join(self.name));
        let candidate = candidates.find(|candidate| candidate.is_file())?;
        // cargo-lambda is a subcommand of Cargo, and wants to be called as one.
        let subcommand = self.name.strip_prefix("cargo-");
        let output = Command::new(&candidate).args(subcommand).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success() && text.contains(self.version)).then_some(candidate)
    }

    /// Install beside its place first, so that an interrupted installation is never taken for a whole one.
    fn install(&self, environment: &Path) -> Result<()> {
        terminal::say(format!("  installing {} …", self.name));
        let help = || {
            format!(
                "cannot install {}; it needs Python 3.10 or newer with pip and venv \
                 (Debian: apt-get install python3-venv) and the network, or put {} on PATH yourself",
                self.name, self.name
            )
        };
        let python = process::block_on(async { Ok(::local::emulator::find_python().await?) });
        let python = python.with_context(|| format!("cannot install {}", self.name))?;
        let partial = environment.with_added_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        process::run_blocking(Command::new(python).args(["-I", "-m", "venv"]).arg(&partial))
            .with_context(help)?;
        process::run_blocking(
            Command::new(partial.join("bin/python"))
                .args(["-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
                .args(["--only-binary=:all:"])
                .args(self.packages),
        )
        .with_context(help)?;
        // Programs of an environment name its Python by its path, which is about to change.
        for entry in fs::read_dir(partial.join("bin"))?.flatten() {
            rewrite_interpreter(&entry.path(), &partial, environment)?;
        }
        fs::rename(&partial, environment).with_context(|| anyhow!("cannot write {}", environment.display()))
    }
}

fn rewrite_interpreter(script: &Path, from: &Path, to: &Path) -> Result<()> {
    let is_link = fs::symlink_metadata(script)?.file_type().is_symlink();
    if is_link {
        return Ok(());
    }
    let Ok(text) = fs::read_to_string(script) else { return Ok(()) };
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    if text.contains(from.as_ref()) {
        fs::write(script, text.replace(from.as_ref(), &to))?;
    }
    Ok(())
}
