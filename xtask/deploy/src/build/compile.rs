//! Compiling the functions.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context, Result};
use machine::tools;
use machine::{Progress, command, repository, target, workspace};
use stack::{Architecture, FunctionName};
use tokio::process::Command;

use super::programs::Programs;
use super::{Profile, cargo_home, environment};

/// Compile, and leave `{function}/bootstrap` in the directory.
pub(super) async fn compile(profile: Profile, directory: &Path, progress: &dyn Progress) -> Result<()> {
    let programs = match profile {
        Profile::Development => development(progress).await?,
        Profile::Release(architecture) => release(architecture, progress).await?,
    };
    for function in FunctionName::ALL {
        let bootstrap = directory.join(function.as_str()).join("bootstrap");
        place(programs.get(function)?, &bootstrap)
            .with_context(|| format!("cannot write {}", bootstrap.display()))?;
    }
    Ok(())
}

/// Builds with the profile, and so with the dependencies, that the command line itself was built with.
async fn development(progress: &dyn Progress) -> Result<Programs> {
    progress.note("  building the functions …");
    let mut command = command::cargo();
    // Selecting the workspace gives the dependencies the same features as in every other build, so that none is built twice.
    command.args(["build", "--quiet", "--workspace"]);
    for function in FunctionName::ALL {
        command.args(["--bin", function.as_str()]);
    }
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
async fn release(architecture: Architecture, progress: &dyn Progress) -> Result<Programs> {
    target::ensure_installed(architecture.rust_target()).await?;
    let cargo_lambda = tokio::task::block_in_place(|| tools::CARGO_LAMBDA.program(progress))?;
    let of_user =
        cargo_home::of_user().context("could not find Cargo's home directory; set CARGO_HOME or HOME")?;
    let home = workspace::target().join("release-home");
    cargo_home::prepare(&home, &of_user, &repository::root())?;
    progress.note("  building the functions for Lambda …");
    let mut command =
        release_command(architecture, cargo_lambda.path(), &cargo_lambda.search_path()?, std::env::vars_os());
    // cargo-lambda moves the programs there, and leaves those of an earlier run where it builds none.
    let programs = workspace::target().join("cargo-lambda");
    remove(&programs)?;
    command
        .env("CARGO_HOME", &home)
        // Separated by what no path has in it, unlike the spaces of `RUSTFLAGS`. It counts for more than any other
        // source of flags: https://doc.rust-lang.org/cargo/reference/config.html#buildrustflags
        .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(&[&home, &of_user]).join("\x1f"));
    command::output(&mut command).await?;
    Ok(Programs::moved_to(&programs))
}

fn remove(directory: &Path) -> Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// The command that builds a release, with nothing of its surroundings that could get into the bytes.
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
        // Cargo reads the configurations of this folder and of those above.
        .current_dir("/")
        .env_clear()
        .envs(environment::inherited(variables))
        .env("PATH", search_path)
        .env("CARGO_TARGET_DIR", workspace::target());
    command
}

/// Compiler options for paths of this machine, which would end up in panic messages, and so in the bytes. Of several
/// that fit, the last one counts.
fn remapped_paths(homes: &[&Path]) -> Vec<String> {
    let mut paths = vec![(repository::root(), "/source"), (workspace::target(), "/target")];
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
