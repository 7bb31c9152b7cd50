//! Where everything goes that can be made again.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{command, repository};

/// Where Cargo builds, and where everything else goes that can be made again. A variable or anybody's configuration may
/// say where that is, so Cargo is asked. Where a program is that it has built, it says when it builds.
pub fn target() -> PathBuf {
    static TARGET: LazyLock<PathBuf> =
        LazyLock::new(|| target_of_cargo().unwrap_or_else(|| repository::root().join("target")));
    TARGET.clone()
}

/// <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>
fn target_of_cargo() -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = command::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().ok()?;
    serde_json::from_slice::<Metadata>(&output.stdout).ok().map(|metadata| metadata.target_directory)
}

/// Where the local stack keeps its state, where nothing else is said.
pub fn local_state() -> PathBuf {
    target().join("local")
}

/// Where tools are installed on first use.
pub fn tools() -> PathBuf {
    target().join("tools")
}
