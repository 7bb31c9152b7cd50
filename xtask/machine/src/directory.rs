//! The directory with all files that a run of the local stack writes.
//!
//! The lock makes a run its only owner. Nothing else in it is trusted, because a run that was killed may have left
//! any file missing or incomplete.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

const LOCK: &str = "lock";
const LOGS: &str = "logs";

/// Whether a run uses the data of the previous run and keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Starts without data, and removes its own.
    Fresh,
    /// Continues with the data of the last run, and keeps it.
    Kept,
}

/// The state directory of a run, which owns it until this value is dropped.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    _lock: File,
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another running process holds the lock.
    #[error(
        "another local stack runs in {path} ({owner}).\nEnd it with Ctrl-C in its terminal, or use it: its \
         addresses are in {path}/stack.json."
    )]
    Locked {
        /// The state directory.
        path: String,
        /// A description of that process.
        owner: String,
    },
    /// A file operation failed.
    #[error("cannot {action} {path}: {source}.\nCheck that this path is a directory that you can write to.")]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The file or directory.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl StateDirectory {
    /// Creates the directory, readable only by this user, and takes its lock.
    ///
    /// The lock is released when this value is dropped or the process ends. Files of an earlier run are kept: see
    /// [`crate::process::clean_up`] and [`StateDirectory::reset`].
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let failed =
            |action| move |source| DirectoryError::Io { action, path: path.display().to_string(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("create"))?;
        // The path is absolute, because the processes of the stack run in other directories.
        let path = path.canonicalize().map_err(failed("open"))?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(failed("make private"))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(failed("open the lock in"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::Locked {
                    path: path.display().to_string(),
                    owner: owner(&mut lock),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(failed("write the lock in"))?;
        Ok(Self { path, _lock: lock })
    }

    /// Whether a running process holds the lock of a directory.
    pub fn is_locked(path: &Path) -> bool {
        // Without a lock, no stack has ever run there.
        File::open(path.join(LOCK))
            .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Returns the id of the process that holds the lock of a directory.
    pub fn owner(path: &Path) -> Option<u32> {
        if !Self::is_locked(path) {
            return None;
        }
        std::fs::read_to_string(path.join(LOCK)).ok()?.trim().parse().ok()
    }

    /// Returns the absolute path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a file or directory in it, which may not exist.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the directory of the logs, which has one file per process and may not exist.
    pub fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    /// Writes a file atomically, readable only by this user. Creates its parent directories.
    pub async fn write(&self, name: &str, contents: &[u8]) -> Result<(), DirectoryError> {
        let path = self.file(name);
        let failed =
            |source| DirectoryError::Io { action: "write", path: path.display().to_string(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).await.map_err(failed)?;
        }
        let partial = path.with_added_extension("partial");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .await
            .map_err(failed)?;
        file.write_all(contents).await.map_err(failed)?;
        file.flush().await.map_err(failed)?;
        fs::rename(&partial, &path).await.map_err(failed)
    }

    /// Removes a file or directory with its content. A missing one is not an error.
    pub async fn remove(&self, name: &str) -> Result<(), DirectoryError> {
        remove(&self.file(name)).await
    }

    /// Removes everything that earlier runs left. The lock stays held.
    pub async fn reset(&self) -> Result<(), DirectoryError> {
        let failed =
            |source| DirectoryError::Io { action: "read", path: self.path.display().to_string(), source };
        let mut entries = fs::read_dir(&self.path).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            if entry.file_name() != LOCK {
                remove(&entry.path()).await?;
            }
        }
        Ok(())
    }
}

/// Removes a file, a symbolic link (not its target), or a directory.
///
/// A missing one is not an error.
pub async fn remove(path: &Path) -> Result<(), DirectoryError> {
    let removed = match fs::symlink_metadata(path).await {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).await,
        Ok(_) => fs::remove_file(path).await,
        Err(error) => Err(error),
    };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DirectoryError::Io { action: "remove", path: path.display().to_string(), source })
        }
        _ => Ok(()),
    }
}

/// Returns a name for content: 16 hexadecimal digits of its SHA-256.
pub fn fingerprint(content: &[u8]) -> String {
    let start = Sha256::digest(content).iter().take(8).fold(0, |start, byte| start << 8 | u64::from(*byte));
    format!("{start:016x}")
}

fn owner(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok()) {
        Some(pid) => format!("process {pid}"),
        // The owner has taken the lock and is about to write its process ID.
        None => "just started".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_owner_is_rejected_with_the_first_process() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let first = StateDirectory::open(&path).unwrap();
        let message = StateDirectory::open(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("(process {})", std::process::id())), "{message}");
        assert_eq!(StateDirectory::owner(&path), Some(std::process::id()));
        drop(first);
        assert_eq!(StateDirectory::owner(&path), None);
        StateDirectory::open(&path).unwrap();
    }

    #[test]
    fn file_in_place_of_the_directory_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let message = StateDirectory::open(file.path()).unwrap_err().to_string();
        assert!(message.contains(file.path().to_str().unwrap()), "{message}");
    }

    #[tokio::test]
    async fn leftovers_of_an_earlier_run_are_removed_by_a_reset() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(root.path().join(LOCK), "not a number").unwrap();
        std::fs::write(root.path().join(LOGS), "not a directory").unwrap();
        std::fs::create_dir_all(root.path().join("x/y")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        directory.reset().await.unwrap();
        let left: Vec<_> =
            std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [LOCK]);
        assert!(outside.path().exists());
        StateDirectory::open(root.path()).unwrap_err();
    }

    #[test]
    fn fingerprint_is_the_beginning_of_the_hash() {
        assert_eq!(fingerprint(b""), "e3b0c44298fc1c14");
    }

    #[tokio::test]
    async fn written_file_is_private() {
        let root = tempfile::tempdir().unwrap();
        let directory = StateDirectory::open(root.path()).unwrap();
        directory.write("a/stack.json", b"{}").await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory.file("a/stack.json")), 0o600);
        assert_eq!(mode(directory.path()), 0o700);
        directory.remove("a").await.unwrap();
        directory.remove("a").await.unwrap();
    }
}
