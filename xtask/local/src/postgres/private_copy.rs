//! A copy of a server for an account that cannot access the original.
//!
//! PostgreSQL does not run as root. If this process does, another account runs the server, but it cannot access a
//! server in root's home.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::{fs, task};

/// Returns whether every account can access this directory and all its ancestors.
pub(super) async fn is_reachable(directory: &Path) -> io::Result<bool> {
    let directory = fs::canonicalize(directory).await?;
    for place in directory.ancestors() {
        if fs::metadata(place).await?.permissions().mode() & 0o001 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Copies a directory recursively. Symbolic links are copied as links.
pub(super) async fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    task::spawn_blocking(move || copy_directory(&from, &to)).await?
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o755))?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn directory_below_a_private_one_is_unreachable() {
        let root = tempfile::tempdir().unwrap();
        let open = root.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(is_reachable(&open).await.unwrap());
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!is_reachable(&open).await.unwrap());
    }

    #[tokio::test]
    async fn copy_preserves_files_modes_and_links() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        std::fs::create_dir_all(from.join("lib")).unwrap();
        std::fs::write(from.join("lib/libpq.so.5.18"), "library").unwrap();
        std::fs::set_permissions(from.join("lib/libpq.so.5.18"), std::fs::Permissions::from_mode(0o755))
            .unwrap();
        std::os::unix::fs::symlink("libpq.so.5.18", from.join("lib/libpq.so")).unwrap();
        let to = root.path().join("to");
        copy(&from, &to).await.unwrap();
        assert_eq!(std::fs::read_to_string(to.join("lib/libpq.so")).unwrap(), "library");
        assert!(std::fs::symlink_metadata(to.join("lib/libpq.so")).unwrap().is_symlink());
        let mode = std::fs::metadata(to.join("lib/libpq.so.5.18")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
