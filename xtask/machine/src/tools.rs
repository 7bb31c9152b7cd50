//! Tools that are Python packages in pinned versions.
//!
//! They are found on PATH, or installed once into target/tools.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::python::{self, virtual_environment};
use crate::{Progress, command, workspace};

/// cargo-lambda, with Zig for linking.
pub const CARGO_LAMBDA: Tool = Tool {
    name: "cargo-lambda",
    version: "1.9.2",
    packages: &["cargo-lambda==1.9.2", "ziglang==0.15.2"],
    // The commands with which it looks for Zig:
    // https://github.com/rust-cross/cargo-zigbuild/blob/main/src/zig/locate.rs
    companion: Some(Companion {
        version: "0.15.2",
        commands: &[&["python3", "-m", "ziglang", "version"], &["zig", "version"]],
    }),
};
/// A linter of CloudFormation templates.
pub const CFN_LINT: Tool =
    Tool { name: "cfn-lint", version: "1.58.0", packages: &["cfn-lint==1.58.0"], companion: None };
/// A security scanner for CloudFormation templates.
pub const CHECKOV: Tool =
    Tool { name: "checkov", version: "3.3.30", packages: &["checkov==3.3.30"], companion: None };
/// A validator of OpenAPI documents.
pub const OPENAPI_SPEC_VALIDATOR: Tool = Tool {
    name: "openapi-spec-validator",
    version: "0.9.0",
    packages: &["openapi-spec-validator==0.9.0"],
    companion: None,
};

/// A tool and the packages that it is installed from.
pub struct Tool {
    /// The name of the tool and of its program.
    pub name: &'static str,
    version: &'static str,
    packages: &'static [&'static str],
    companion: Option<Companion>,
}

/// Another program that a tool runs, which also has a pinned version.
struct Companion {
    version: &'static str,
    /// The commands with which the tool looks for it, each printing the version.
    ///
    /// The tool runs the first one that works.
    commands: &'static [&'static [&'static str]],
}

/// The path of a tool's program, with the directory of its companion.
pub struct Program {
    path: PathBuf,
    bin_directory: Option<PathBuf>,
}

impl Program {
    /// Returns the path of the program.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `PATH` with the programs that were installed together with the tool.
    pub fn search_path(&self) -> Result<OsString> {
        let inherited = search_path();
        let paths = self.bin_directory.iter().cloned().chain(std::env::split_paths(&inherited));
        std::env::join_paths(paths).context("PATH cannot be extended")
    }
}

impl Tool {
    /// Returns the tool's program, and installs it if necessary.
    pub fn program(&self, progress: &dyn Progress) -> Result<Program> {
        if let Some(path) = self.on_path(&search_path()) {
            return Ok(Program { path, bin_directory: None });
        }
        let environment = self.environment();
        if !environment.exists() {
            self.install(&environment, progress)?;
        }
        let bin_directory = environment.join("bin");
        Ok(Program { path: bin_directory.join(self.name), bin_directory: Some(bin_directory) })
    }

    /// Returns a directory in the tool's Python packages, and installs the tool if necessary.
    pub fn directory(&self, name: &str, progress: &dyn Progress) -> Result<PathBuf> {
        let program = self.program(progress)?.path;
        let libraries = program.ancestors().nth(2).unwrap_or(&program).join("lib");
        let pythons = fs::read_dir(&libraries).into_iter().flatten().flatten().map(|entry| entry.path());
        pythons
            .flat_map(|python| ["site-packages", "dist-packages"].map(|packages| python.join(packages)))
            .map(|packages| packages.join(name))
            .find(|directory| directory.exists())
            // A program on PATH may be a script that starts the installation of another directory.
            .with_context(|| format!("{} has no {name}; remove {} from PATH", libraries.display(), self.name))
    }

    /// Returns the path of the tool if it is installed.
    pub fn find(&self) -> Option<PathBuf> {
        let installed = self.environment().join("bin").join(self.name);
        self.on_path(&search_path()).or_else(|| installed.exists().then_some(installed))
    }

    /// Returns the directory that the tool is installed in, named for its packages and their versions.
    fn environment(&self) -> PathBuf {
        workspace::tools().join(self.packages.join("_").replace("==", "-"))
    }

    /// Returns the program on a search path if it works.
    ///
    /// It and its companion must have the pinned versions.
    fn on_path(&self, search_path: &OsStr) -> Option<PathBuf> {
        let mut candidates = std::env::split_paths(search_path).map(|directory| directory.join(self.name));
        let candidate = candidates.find(|candidate| candidate.is_file())?;
        let output_of = |program: &OsStr, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).env("PATH", search_path).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        // cargo-lambda is a subcommand of Cargo and expects its name as the first argument.
        let subcommand = self.name.strip_prefix("cargo-");
        let arguments: Vec<&str> = subcommand.into_iter().chain(["--version"]).collect();
        let is_pinned = names_version(&output_of(candidate.as_os_str(), &arguments)?, self.version);
        let companion_is_pinned = self.companion.as_ref().is_none_or(|companion| {
            let mut outputs = companion.commands.iter().filter_map(|command| {
                let (program, arguments) = command.split_first()?;
                output_of(program.as_ref(), arguments)
            });
            outputs.next().is_some_and(|output| names_version(&output, companion.version))
        });
        (is_pinned && companion_is_pinned).then_some(candidate)
    }

    /// Installs under a temporary name first, so an interrupted installation is never used.
    fn install(&self, environment: &Path, progress: &dyn Progress) -> Result<()> {
        progress.note(&format!("  installing {} …", self.name));
        let help = || {
            format!(
                "cannot install {}; it needs Python 3.10 or newer with pip and venv \
                 (Debian: apt-get install python3-venv) and the network, or put {} on PATH yourself",
                self.name, self.name
            )
        };
        let python = command::block_on(async { Ok(python::find().await?) });
        let python = python.with_context(|| format!("cannot install {}", self.name))?;
        let partial = environment.with_added_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        command::run_blocking(&mut virtual_environment::create(&python, &partial)).with_context(help)?;
        command::run_blocking(
            virtual_environment::install_packages(&partial).arg("--quiet").args(self.packages),
        )
        .with_context(help)?;
        // The programs contain the path of their Python, which is about to change.
        for entry in fs::read_dir(partial.join("bin"))?.flatten() {
            rewrite_interpreter(&entry.path(), &partial, environment)?;
        }
        fs::rename(&partial, environment).with_context(|| anyhow!("cannot write {}", environment.display()))
    }
}

fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Returns whether one of the words is exactly this version.
fn names_version(text: &str, version: &str) -> bool {
    text.split_whitespace().any(|word| word == version)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::CARGO_LAMBDA;

    fn install(directory: &Path, name: &str, script: &str) {
        let path = directory.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Returns whether an installed cargo-lambda with these versions is used.
    fn is_used(cargo_lambda: &str, ziglang: Option<&str>, zig: Option<&str>) -> bool {
        let directory = tempfile::tempdir().unwrap();
        install(
            directory.path(),
            "cargo-lambda",
            &format!("echo cargo-lambda {cargo_lambda} '(built 2026-10-01)'"),
        );
        let python = ziglang.map_or_else(|| "exit 1".to_owned(), |version| format!("echo {version}"));
        install(directory.path(), "python3", &python);
        if let Some(version) = zig {
            install(directory.path(), "zig", &format!("echo {version}"));
        }
        CARGO_LAMBDA.on_path(directory.path().as_os_str()).is_some()
    }

    #[test]
    fn installed_tools_are_used_only_in_pinned_versions() {
        assert!(is_used("1.9.2", None, Some("0.15.2")));
        assert!(is_used("1.9.2", Some("0.15.2"), Some("0.14.0")), "it runs that of Python");
        assert!(!is_used("1.9.2", Some("0.14.0"), Some("0.15.2")), "it runs that of Python");
        assert!(!is_used("1.9.2", None, Some("0.15.1")));
        assert!(!is_used("1.9.2", None, None));
        for other in ["1.9.1", "1.9.21", "11.9.2"] {
            assert!(!is_used(other, None, Some("0.15.2")), "{other}");
        }
    }
}
