//! Builds the program `packages`, with which operators work on a machine without Rust.

use std::env::consts::{ARCH, OS};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use machine::{Progress, command, repository, target, workspace};
use stack::ArtifactHash;
use tokio::process::Command;

use super::compile::{remapped_paths, remove};
use super::{cargo_home, environment, sha256};

/// The name of the program.
const NAME: &str = "packages";

/// The built program for operators.
pub struct OperatorProgram {
    /// The path of the program.
    pub path: PathBuf,
    /// Its platform, by its Rust name.
    pub platform: &'static str,
    /// The SHA-256 of the program.
    pub hash: ArtifactHash,
    /// The size of the program in bytes.
    pub size: u64,
}

/// Builds the program for machines like this one.
///
/// On Linux, it is linked statically and runs on any distribution. The same source gives the same bytes with the same
/// compiler and C library.
pub async fn build_operator_program(progress: &dyn Progress) -> Result<OperatorProgram> {
    let platform = platform()?;
    target::ensure_installed(platform).await?;
    let user_home =
        cargo_home::user_home().context("could not find Cargo's home directory; set CARGO_HOME or HOME")?;
    let home = workspace::target().join("release-home");
    cargo_home::prepare(&home, &user_home, &repository::root())?;
    progress.note("  building the program for operators …");
    let mut flags = remapped_paths(&[&home, &user_home]);
    if OS == "linux" {
        flags.push("-Ctarget-feature=+crt-static".to_owned());
    }
    let mut build = build_command(platform, std::env::vars_os());
    build.env("CARGO_HOME", &home).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command::output(&mut build).await?;
    let program = workspace::target().join(platform).join("release").join(NAME);
    let directory = workspace::target().join("dist");
    let path = directory.join(NAME);
    remove(&directory)?;
    tokio::fs::create_dir_all(&directory)
        .await
        .with_context(|| format!("cannot create {}", directory.display()))?;
    tokio::fs::copy(&program, &path).await.with_context(|| format!("cannot write {}", path.display()))?;
    let bytes = tokio::fs::read(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(OperatorProgram { platform, hash: sha256(&bytes).parse()?, size: bytes.len() as u64, path })
}

/// Returns the platform of this machine, by its Rust name:
/// <https://doc.rust-lang.org/rustc/platform-support.html>.
fn platform() -> Result<&'static str> {
    Ok(match (OS, ARCH) {
        ("linux", "x86_64") => "x86_64-unknown-linux-gnu",
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        ("macos", "x86_64") => "x86_64-apple-darwin",
        ("macos", "aarch64") => "aarch64-apple-darwin",
        _ => bail!("the program for operators cannot be built on {OS} {ARCH}; build it on Linux or macOS"),
    })
}

/// Returns the command that builds the program, isolated from everything that could change the bytes.
fn build_command(platform: &str, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Command {
    let mut build = Command::from(command::cargo());
    build
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "operator",
            "--bin",
            NAME,
            "--target",
            platform,
        ])
        .arg("--manifest-path")
        .arg(repository::root().join("Cargo.toml"))
        // Cargo reads the configurations of this directory and of those above it.
        .current_dir(Path::new("/"))
        .env_clear()
        .envs(environment::inherited(variables))
        .env(environment::AWS_LC_TABLES.0, environment::AWS_LC_TABLES.1)
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("CARGO_TARGET_DIR", workspace::target());
    build
}
