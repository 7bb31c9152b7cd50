//! Where things are in the repository.

use std::path::PathBuf;

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo tells where the crate is now; the compiled-in path is that of the checkout it was built in.
    let crate_directory = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    crate_directory.parent().map_or(crate_directory.clone(), PathBuf::from)
}

/// Where Cargo builds, and where everything else goes that can be made again.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// Where the local stack keeps its state, where nothing else is said.
pub(crate) fn local_state() -> PathBuf {
    target().join("local")
}

/// Where tools are installed on first use.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}
