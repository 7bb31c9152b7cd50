//! Compiling the functions.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use stack::{Architecture, FunctionName};
use tokio::process::Command;

use super::{Profile, target};
use crate::{process, terminal, tools, workspace};

/// Compile, and leave `{function}/bootstrap` in the directory.
pub(super) async fn compile(profile: Profile, directory: &Path) -> Result<()> {
    match profile {
        Profile::Development => development(directory).await,
        Profile::Release(architecture) => release(architecture, directory).await,
    }
}

/// With the profile, and so with the dependencies, that the command line itself was built with.
async fn development(directory: &Path) -> Result<()> {
    terminal::say("  building the functions …");
    let mut command = process::cargo();
    // Selecting this crate too gives the dependencies the same features as in our own build, so that none is built twice.
    command.args(["build", "--quiet", "--package", "runtime", "--package", "xtask", "--bins"]);
    process::run(&mut Command::from(command)).await?;
    for function in FunctionName::ALL {
        let binary = workspace::target().join("debug").join(function.as_str());
        let bootstrap = directory.join(function.as_str()).join("bootstrap");
        place(&binary, &bootstrap).with_context(|| format!("cannot write {}", bootstrap.display()))?;
    }
    Ok(())
}

/// Put a binary in its place, where it is newer than what is there.
fn place(binary: &Path, bootstrap: &Path) -> std::io::Result<()> {
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified());
    if let (Ok(old), Ok(new)) = (modified(bootstrap), modified(binary))
        && old >= new
    {
        return Ok(());
    }
    if let Some(directory) = bootstrap.parent() {
        std::fs::create_dir_all(directory)?;
    }
    // A running function keeps the old file; it must not be written over.
    let partial = bootstrap.with_extension(format!("partial-{}", std::process::id()));
    std::fs::copy(binary, &partial)?;
    std::fs::rename(partial, bootstrap)
}

/// With cargo-lambda, which links for the C library of Amazon Linux 2023 whatever this machine has:
/// <https://www.cargo-lambda.info/guide/cross-compiling.html>.
async fn release(architecture: Architecture, directory: &Path) -> Result<()> {
    target::ensure_installed(architecture).await?;
    let cargo_lambda = tokio::task::spawn_blocking(|| tools::CARGO_LAMBDA.program());
    let cargo_lambda = cargo_lambda.await.context("installing cargo-lambda was interrupted")??;
    terminal::say("  building the functions for Lambda …");
    let mut command = Command::new(cargo_lambda.path());
    command
        .args(["lambda", "build", "--release", "--locked", "--package", "runtime"])
        .arg(match architecture {
            Architecture::X86_64 => "--x86-64",
            Architecture::Arm64 => "--arm64",
        })
        .arg("--lambda-dir")
        .arg(directory)
        .current_dir(workspace::root())
        .env("PATH", cargo_lambda.search_path()?);
    for function in FunctionName::ALL {
        command.args(["--bin", function.as_str()]);
    }
    // Separated by what no path has in it, unlike the spaces of `RUSTFLAGS`.
    command.env("CARGO_ENCODED_RUSTFLAGS", remapped_paths().join("\x1f"));
    process::run(&mut command).await
}

/// Compiler options for paths of this machine, which would end up in panic messages, and so in the bytes. Of several
/// that fit, the last one counts.
fn remapped_paths() -> Vec<String> {
    let mut paths = vec![(workspace::root(), "/source"), (workspace::target(), "/target")];
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    if let Some(cargo_home) = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))) {
        // Named after the registry, which may be a mirror. Whoever builds us has filled it.
        let registries = std::fs::read_dir(cargo_home.join("registry/src")).into_iter().flatten().flatten();
        paths.extend(registries.map(|registry| (registry.path(), "/crates")));
        paths.sort();
    }
    paths.iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).collect()
}
