//! Directories for build output and other files that can be recreated.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{command, repository};

/// Returns Cargo's target directory, which also contains all other files that can be recreated.
///
/// A variable or the user's configuration may set it. This program is usually in it; otherwise this asks Cargo, which
/// takes a tenth of a second or two. For the path of a program, use what Cargo reports when it builds it.
pub fn target() -> PathBuf {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        let program = std::env::current_exe().ok();
        let of_program = program.as_deref().and_then(target_with);
        of_program.or_else(target_of_cargo).unwrap_or_else(|| repository::root().join("target"))
    });
    TARGET.clone()
}

/// Returns the target directory that contains a program.
///
/// Cargo writes what it knows of the compiler into each target directory, but not into those of platforms in it.
fn target_with(program: &Path) -> Option<PathBuf> {
    let mut directories = program.ancestors().skip(1);
    directories.find(|directory| directory.join(".rustc_info.json").is_file()).map(Path::to_path_buf)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{target_of_cargo, target_with};

    #[test]
    fn target_directory_is_that_of_the_program() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(target_with(&program), target_of_cargo());
        assert_eq!(target_with(Path::new("/usr/bin/packages")), None);
    }
}
