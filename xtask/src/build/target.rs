//! The compilation targets of the functions.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use stack::Architecture;
use tokio::process::Command;

/// What Rust calls an architecture on Lambda.
const fn triple(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64-unknown-linux-gnu",
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
    }
}

/// How to get a target.
pub(crate) fn how_to_install(architecture: Architecture) -> String {
    format!("rustup target add {}; without rustup, from where your Rust is from", triple(architecture))
}

/// Whether the compiler has the standard library of a target. Asked of the compiler, since there may be no rustup.
pub(crate) async fn is_installed(architecture: Architecture) -> Result<bool> {
    let output = compiler().args(["--print", "sysroot"]).output().await.context("rustc cannot be started")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        bail!("rustc does not tell where it is installed: {reason}");
    }
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(triple(architecture)).join("lib").is_dir())
}

/// Fail where a target is not installed, before minutes are spent on what cannot be finished.
pub(super) async fn ensure_installed(architecture: Architecture) -> Result<()> {
    if !is_installed(architecture).await? {
        let how = how_to_install(architecture);
        bail!("Rust cannot compile for {} yet\nInstall it: {how}", triple(architecture));
    }
    Ok(())
}

/// The compiler that Cargo uses.
pub(crate) fn compiler() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
