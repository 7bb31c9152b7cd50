//! Snapshots that no test reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use machine::{repository, workspace};

/// The file to which insta appends the path of each snapshot that a test reads, as `cargo insta test --unreferenced` uses it.
const VARIABLE: &str = "INSTA_SNAPSHOT_REFERENCES_FILE";

/// Runs all tests with `run`, and fails where the repository contains a snapshot that none of them has read.
pub(super) fn check_while(run: impl FnOnce(&str, &Path) -> Result<()>) -> Result<()> {
    let read = workspace::target().join("snapshots-read");
    fs::write(&read, "").with_context(|| format!("cannot write {}", read.display()))?;
    run(VARIABLE, &read)?;
    let read = fs::read_to_string(&read).with_context(|| format!("cannot read {}", read.display()))?;
    let read: BTreeSet<PathBuf> = read.lines().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let unread: Vec<String> =
        snapshots()?.into_iter().filter(|path| !read.contains(path)).map(|path| show(&path)).collect();
    ensure!(unread.is_empty(), "no test reads these snapshots; delete them:\n{}", unread.join("\n"));
    Ok(())
}

/// Returns the paths of all snapshots in the repository.
fn snapshots() -> Result<BTreeSet<PathBuf>> {
    let root = repository::root();
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.snap"]).current_dir(&root);
    let output = git.output().context("git cannot be started")?;
    ensure!(output.status.success(), "git could not list the snapshots");
    let paths = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
    let paths = paths.split_terminator('\0').map(|path| root.join(path));
    // A file that was deleted is listed until the deletion is committed.
    Ok(paths.filter_map(|path| fs::canonicalize(path).ok()).collect())
}

fn show(path: &Path) -> String {
    let root = fs::canonicalize(repository::root()).unwrap_or_default();
    format!("  {}", path.strip_prefix(root).unwrap_or(path).display())
}
