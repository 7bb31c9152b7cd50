//! Valgrind, which counts the instructions of benchmarks.

use std::process::Command;

/// Whether instructions are counted on this platform.
///
/// A count depends on the instructions that a processor has, and Valgrind does not work on Apple silicon.
pub const IS_SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Instructions cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum ValgrindError {
    /// The platform is another one.
    #[error(
        "instructions are counted on Linux on x86-64 only: their limits are those of its instructions, and Valgrind does \
         not work on Apple silicon"
    )]
    Unsupported,
    /// There is no Valgrind.
    #[error(
        "there is no Valgrind: it cannot be run ({0}).\nInstall it (Debian, Ubuntu: apt install valgrind)."
    )]
    Missing(std::io::Error),
}

/// Returns the version of the Valgrind on PATH, such as `valgrind-3.19.0`.
pub fn find() -> Result<String, ValgrindError> {
    if !IS_SUPPORTED {
        return Err(ValgrindError::Unsupported);
    }
    let output = Command::new("valgrind").arg("--version").output().map_err(ValgrindError::Missing)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
