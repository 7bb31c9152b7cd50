//! The compiler's target platforms, by their Rust names.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Returns how to install a target.
pub fn how_to_install(target: &str) -> String {
    format!("rustup target add {target}; without rustup, from the source of your Rust installation")
}

/// Returns whether the standard library of a target is installed.
///
/// This asks the compiler, because rustup may not be installed.
pub async fn is_installed(target: &str) -> Result<bool> {
    let output = compiler().args(["--print", "sysroot"]).output().await.context("rustc cannot be started")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        bail!("cannot find the installation directory of rustc: {reason}");
    }
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(sysroot.join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Returns an error if a target is not installed, before a long build that could not succeed.
pub async fn ensure_installed(target: &str) -> Result<()> {
    if !is_of_this_program(target) && !is_installed(target).await? {
        let how = how_to_install(target);
        bail!("Rust cannot compile for {target} yet\nInstall it: {how}");
    }
    Ok(())
}

/// Returns whether this program was compiled for a target, which is that of the compiler too.
///
/// It saves asking the compiler, which takes a tenth of a second.
fn is_of_this_program(target: &str) -> bool {
    cfg!(all(target_os = "linux", target_env = "gnu"))
        && target == format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Returns a command for the compiler that Cargo uses.
pub fn compiler() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
