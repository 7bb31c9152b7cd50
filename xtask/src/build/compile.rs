//! Compiling the functions.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};
use stack::{Architecture, FunctionName};
use tokio::process::Command;

use super::programs::Programs;
use super::{Profile, cargo_home, environment, target};
use crate::tools::{self, Program};
use crate::{process, terminal, workspace};

/// Compile, and leave `{function}/bootstrap` in the directory.
pub(super) async fn compile(profile: Profile, directory: &Path) -> Result<()> {
    let programs = match profile {
        Profile::Development => development().await?,
        Profile::Release(architecture) => release(architecture).await?,
    };
    for function in FunctionName::ALL {
        let bootstrap = directory.join(function.as_str()).join("bootstrap");
        place(programs.get(function)?, &bootstrap)
            .with_context(|| format!("cannot write {}", bootstrap.display()))?;
    }
    Ok(())
}

/// With the profile, and so with the dependencies, that the command line itself was built with.
async fn development() -> Result<Programs> {
    terminal::say("  building the functions …");
    let mut command = process::cargo();
    // Selecting this crate too gives the dependencies the same features as in our own build, so that none is built twice.
    command.args(["build", "--quiet", "--package", "runtime", "--package", "xtask", "--bins"]);
    Programs::build(&mut Command::from(command)).await
}

/// Put a program in its place, unless the one that is there is a copy of it. Which of two is newer says nothing: they may
/// be of different targets, or of different folders of Cargo.
fn place(program: &Path, bootstrap: &Path) -> std::io::Result<()> {
    let source = std::fs::metadata(program)?;
    let modified = source.modified()?;
    let is_copy = |placed: &std::fs::Metadata| {
        placed.len() == source.len() && placed.modified().is_ok_and(|at| at == modified)
    };
    if std::fs::metadata(bootstrap).is_ok_and(|placed| is_copy(&placed)) {
        return Ok(());
    }
    if let Some(directory) = bootstrap.parent() {
        std::fs::create_dir_all(directory)?;
    }
    // A running function keeps the old file; it must not be written over.
    let partial = bootstrap.with_extension(format!("partial-{}", std::process::id()));
    std::fs::copy(program, &partial)?;
    std::fs::File::options().write(true).open(&partial)?.set_modified(modified)?;
    std::fs::rename(partial, bootstrap)
}

/// With cargo-lambda, which links for the C library of Amazon Linux 2023 whatever this machine has:
/// <https://www.cargo-lambda.info/guide/cross-compiling.html>.
async fn release(architecture: Architecture) -> Result<Programs> {
    target::ensure_installed(architecture).await?;
    let cargo_lambda = tokio::task::spawn_blocking(|| tools::CARGO_LAMBDA.program());
    let cargo_lambda = cargo_lambda.await.context("installing cargo-lambda was interrupted")??;
    let of_user = cargo_home::of_user().context("there is no home of Cargo; set CARGO_HOME or HOME")?;
    let home = workspace::target().join("release-home");
    cargo_home::prepare(&home, &of_user, &workspace::root())?;
    terminal::say("  building the functions for Lambda …");
    let mut command = release_command(architecture, &cargo_lambda, std::env::vars_os())?;
    command
        .env("CARGO_HOME", &home)
        // Separated by what no path has in it, unlike the spaces of `RUSTFLAGS`. It counts for more than any other
        // source of flags: https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(&[&home, &of_user]).join("\x1f"));
    Programs::build(&mut command).await
}

/// The command that builds a release, with nothing of its surroundings that could get into the bytes.
fn release_command(
    architecture: Architecture,
    cargo_lambda: &Program,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Command> {
    let mut command = Command::new(cargo_lambda.path());
    command
        .args(["lambda", "build", "--release", "--locked", "--package", "runtime"])
        .arg(match architecture {
            Architecture::X86_64 => "--x86-64",
            Architecture::Arm64 => "--arm64",
        })
        .arg("--manifest-path")
        .arg(workspace::root().join("Cargo.toml"))
        // What it copies there is not read: it passes over a program that Cargo has built elsewhere.
        .arg("--lambda-dir")
        .arg(workspace::target().join("cargo-lambda"));
    for function in FunctionName::ALL {
        command.args(["--bin", function.as_str()]);
    }
    command
        // Cargo reads the configurations of this folder and of those above.
        .current_dir("/")
        .env_clear()
        .envs(environment::inherited(variables))
        .env("PATH", cargo_lambda.search_path()?)
        .env("CARGO_TARGET_DIR", workspace::target());
    Ok(command)
}

/// Compiler options for paths of this machine, which would end up in panic messages, and so in the bytes. Of several
/// that fit, the last one counts.
fn remapped_paths(homes: &[&Path]) -> Vec<String> {
    let mut paths = vec![(workspace::root(), "/source"), (workspace::target(), "/target")];
    for home in homes {
        // Named after the registry, which may be a mirror. Whoever builds us has filled it.
        let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
        paths.extend(registries.map(|registry| (registry.path(), "/crates")));
    }
    paths.sort();
    paths.iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).collect()
}

#[cfg(test)]
mod tests;
