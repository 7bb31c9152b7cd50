//! The repository that this program was built from.

use std::path::PathBuf;

/// Whether Cargo started this program, or a program that did, and so in a checkout.
pub fn is_checkout() -> bool {
    std::env::var_os("CARGO_MANIFEST_DIR").is_some()
}

/// The path of this crate when it was compiled, in development builds.
///
/// A release must consist of the same bytes wherever it is built, and runs outside of a checkout.
const COMPILED_IN: &str = if cfg!(debug_assertions) { env!("CARGO_MANIFEST_DIR") } else { "." };

/// Returns the root directory of the repository.
pub fn root() -> PathBuf {
    // Cargo sets the current path of the crate. The path at compile time may be that of another checkout.
    let crate_directory =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(COMPILED_IN), PathBuf::from);
    let root = crate_directory.ancestors().find(|directory| directory.join("Cargo.lock").is_file());
    root.map_or(crate_directory.clone(), PathBuf::from)
}
