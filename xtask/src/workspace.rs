//! Where things are in the repository.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::process;

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo tells where the crate is now; the compiled-in path is that of the checkout it was built in.
    let crate_directory = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    crate_directory.parent().map_or(crate_directory.clone(), PathBuf::from)
}

/// Where Cargo builds, and where everything else goes that can be made again. A variable or anybody's configuration may
/// say where that is, so Cargo is asked. Where a program is that it has built, it says when it builds.
pub(crate) fn target() -> PathBuf {
    static TARGET: LazyLock<PathBuf> =
        LazyLock::new(|| target_of_cargo().unwrap_or_else(|| root().join("target")));
    TARGET.clone()
}

/// <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>
fn target_of_cargo() -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output = process::cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().ok()?;
    serde_json::from_slice::<Metadata>(&output.stdout).ok().map(|metadata| metadata.target_directory)
}

/// Where the local stack keeps its state, where nothing else is said.
pub(crate) fn local_state() -> PathBuf {
    target().join("local")
}

/// Where tools are installed on first use.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}
