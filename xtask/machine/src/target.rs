//! The platforms that the compiler can build for, by the names that Rust has for them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// How to get a target.
pub fn how_to_install(target: &str) -> String {
    format!("rustup target add {target}; without rustup, from the source of your Rust installation")
}

/// Whether the compiler has the standard library of a target. Asked of the compiler, since there may be no rustup.
pub async fn is_installed(target: &str) -> Result<bool> {
    let output = compiler().args(["--print", "sysroot"]).output().await.context("rustc cannot be started")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        bail!("cannot find the installation directory of rustc: {reason}");
    }
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Fail where a target is not installed, before minutes are spent on what cannot be finished.
pub async fn ensure_installed(target: &str) -> Result<()> {
    if !is_installed(target).await? {
        let how = how_to_install(target);
        bail!("Rust cannot compile for {target} yet\nInstall it: {how}");
    }
    Ok(())
}

/// The compiler that Cargo uses.
pub fn compiler() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
