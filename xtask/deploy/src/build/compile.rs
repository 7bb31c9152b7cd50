//! Compiles the functions.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use machine::tools;
use machine::{Progress, command, repository, target, workspace};
use stack::{Architecture, FunctionName};
use tokio::process::Command;

use super::programs::Programs;
use super::{Profile, cargo_home, environment};

/// The context of the error of a compiler, which has already printed its messages.
#[derive(Clone, Copy, Debug)]
pub struct BuildFailed;

impl fmt::Display for BuildFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the functions could not be built")
    }
}

/// Compiles the functions into `{function}/bootstrap` in the directory.
pub(super) async fn compile(profile: Profile, directory: &Path, progress: &dyn Progress) -> Result<()> {
    let programs = match profile {
        Profile::Development => development(progress).await?,
        Profile::Release(architecture) => release(architecture, progress).await?,
    };
    for function in FunctionName::ALL {
        let bootstrap = directory.join(function.as_str()).join("bootstrap");
        copy_if_changed(programs.get(function)?, &bootstrap)
            .with_context(|| format!("cannot write {}", bootstrap.display()))?;
    }
    Ok(())
}

/// Builds with the profile and the dependencies that the command line was built with.
async fn development(progress: &dyn Progress) -> Result<Programs> {
    progress.note("  building the functions …");
    let mut command = command::cargo();
    // Selecting the workspace enables the same features of dependencies as in other builds, so none is built twice.
    command.args(["build", "--quiet", "--workspace"]);
    for function in FunctionName::ALL {
        command.args(["--bin", function.as_str()]);
    }
    Programs::build(&mut Command::from(command)).await.context(BuildFailed)
}

/// Copies a program, unless the existing file is already a copy of it.
///
/// Comparing which file is newer would not be enough: they may be for different targets, or from different target
/// directories.
fn copy_if_changed(program: &Path, bootstrap: &Path) -> std::io::Result<()> {
    let source = std::fs::metadata(program)?;
    let modified = source.modified()?;
    let is_copy = |existing: &std::fs::Metadata| {
        existing.len() == source.len() && existing.modified().is_ok_and(|at| at == modified)
    };
    if std::fs::metadata(bootstrap).is_ok_and(|existing| is_copy(&existing)) {
        return Ok(());
    }
    if let Some(directory) = bootstrap.parent() {
        std::fs::create_dir_all(directory)?;
    }
    // A running function keeps the old file open, so the file is replaced and not overwritten.
    let partial = bootstrap.with_extension(format!("partial-{}", std::process::id()));
    std::fs::copy(program, &partial)?;
    std::fs::File::options().write(true).open(&partial)?.set_modified(modified)?;
    std::fs::rename(partial, bootstrap)
}

/// Builds with cargo-lambda.
///
/// It links for the C library of Amazon Linux 2023 independently of this machine:
/// <https://www.cargo-lambda.info/guide/cross-compiling.html>.
async fn release(architecture: Architecture, progress: &dyn Progress) -> Result<Programs> {
    target::ensure_installed(architecture.rust_target()).await?;
    let cargo_lambda = tokio::task::block_in_place(|| tools::CARGO_LAMBDA.program(progress))?;
    let user_home =
        cargo_home::user_home().context("could not find Cargo's home directory; set CARGO_HOME or HOME")?;
    let home = workspace::target().join("release-home");
    cargo_home::prepare(&home, &user_home, &repository::root())?;
    progress.note("  building the functions for Lambda …");
    let mut command =
        release_command(architecture, cargo_lambda.path(), &cargo_lambda.search_path()?, std::env::vars_os());
    // cargo-lambda moves the programs to this directory. It does not remove those of an earlier run.
    let programs = workspace::target().join("cargo-lambda");
    remove(&programs)?;
    command
        .env("CARGO_HOME", &home)
        // Unlike the spaces of `RUSTFLAGS`, this separator occurs in no path. The variable takes precedence over all
        // other sources of flags: https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(&[&home, &user_home]).join("\x1f"));
    command::output(&mut command).await.context(BuildFailed)?;
    Ok(Programs::in_directory(&programs))
}

pub(super) fn remove(directory: &Path) -> Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Returns the command that builds a release, isolated from everything that could change the bytes.
fn release_command(
    architecture: Architecture,
    cargo_lambda: &Path,
    search_path: &OsStr,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Command {
    let mut command = Command::new(cargo_lambda);
    command
        .args(["lambda", "build", "--release", "--locked", "--package", "runtime"])
        .arg(match architecture {
            Architecture::X86_64 => "--x86-64",
            Architecture::Arm64 => "--arm64",
        })
        .arg("--manifest-path")
        .arg(repository::root().join("Cargo.toml"))
        .arg("--lambda-dir")
        .arg(workspace::target().join("cargo-lambda"));
    for function in FunctionName::ALL {
        command.args(["--bin", function.as_str()]);
    }
    command
        // Cargo reads the configurations of this directory and of those above it.
        .current_dir("/")
        .env_clear()
        .envs(environment::inherited(variables))
        .env(environment::AWS_LC_TABLES.0, environment::AWS_LC_TABLES.1)
        .env("PATH", search_path)
        .env("CARGO_TARGET_DIR", workspace::target());
    command
}

/// Returns compiler options that replace the paths of this machine.
///
/// The paths would otherwise be part of panic messages and change the bytes. If several options match a path, the
/// last one applies.
pub(super) fn remapped_paths(homes: &[&Path]) -> Vec<String> {
    let mut paths = vec![(repository::root(), "/source"), (workspace::target(), "/target")];
    for home in homes {
        // The directory is named after the registry, which may be a mirror. Building this program has created it.
        let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
        paths.extend(registries.map(|registry| (registry.path(), "/crates")));
    }
    paths.sort();
    paths.iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).collect()
}

#[cfg(test)]
mod tests;
