//! Directories for build output and other files that can be recreated.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{command, repository};

/// Returns Cargo's target directory, which also contains all other files that can be recreated.
///
/// A variable or the user's configuration may set it, so this asks Cargo. For the path of a program, use what Cargo
/// reports when it builds it.
pub fn target() -> PathBuf {
    static TARGET: LazyLock<PathBuf> =
        LazyLock::new(|| target_of_cargo().unwrap_or_else(|| repository::root().join("target")));
    TARGET.clone()
}

/// Returns the target directory that `cargo metadata` reports:
/// <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>
fn target_of_cargo() -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = command::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().ok()?;
    serde_json::from_slice::<Metadata>(&output.stdout).ok().map(|metadata| metadata.target_directory)
}

/// Returns the default state directory of the local stack.
pub fn local_state() -> PathBuf {
    target().join("local")
}

/// Returns the directory in which tools are installed on first use.
pub fn tools() -> PathBuf {
    target().join("tools")
}
