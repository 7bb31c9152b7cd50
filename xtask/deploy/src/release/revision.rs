//! The revision of the source that a release is built from.

use std::path::Path;

use anyhow::{Result, bail};
use futures_util::future::join;
use machine::{command, repository};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// The state of the git checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRevision {
    /// The commit, or `None` without a git repository, as in an unpacked archive.
    pub commit: Option<String>,
    /// Whether files differ from the commit. The source then exists only in this checkout.
    pub is_modified: bool,
}

impl SourceRevision {
    /// Reads the revision of the checkout.
    pub async fn read() -> Self {
        Self::read_from(&repository::root()).await
    }

    async fn read_from(directory: &Path) -> Self {
        let git = async |arguments: &[&str]| {
            let mut command = Command::from(command::at_root("git"));
            let output = command.args(arguments).current_dir(directory).output().await.ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let (commit, changes) =
            join(git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain", "--no-renames"])).await;
        Self { commit, is_modified: changes.is_none_or(|changes| !changes.is_empty()) }
    }

    /// Awaits `work`, and returns its result with the revision of the checkout.
    ///
    /// Returns an error if the revision changed meanwhile, because the work could have used either of the two.
    pub async fn unchanged_during<T>(work: impl Future<Output = Result<T>>) -> Result<(T, Self)> {
        Self::unchanged_during_in(&repository::root(), work).await
    }

    async fn unchanged_during_in<T>(
        directory: &Path,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(T, Self)> {
        let before = Self::read_from(directory).await;
        let done = work.await?;
        let after = Self::read_from(directory).await;
        if after != before {
            bail!(
                "the checkout moved from {before} to {after} while the functions were built; nothing was \
                 changed; run the command again"
            );
        }
        Ok((done, before))
    }

    /// Returns an error if another commit is checked out now.
    ///
    /// Files edited since the build do not matter, because the functions are already built.
    pub async fn ensure_checked_out(&self) -> Result<()> {
        let now = Self::read().await;
        if now.commit != self.commit {
            bail!(
                "the functions were built from {self}, but {now} is checked out now; nothing was changed. \
                 Run the command again to build and deploy it, or check out {} first",
                self.short()
            );
        }
        Ok(())
    }

    /// Returns a warning if no commit contains the source.
    pub fn warning(&self) -> Option<String> {
        match &self.commit {
            _ if !self.is_modified => None,
            Some(_) => Some(format!("built from {self}, so no commit contains what would be deployed")),
            None => Some(
                "not built from a git repository, so no commit contains what would be deployed".to_owned(),
            ),
        }
    }

    /// Returns the abbreviated commit, about as short as git shows it.
    pub fn short(&self) -> &str {
        self.commit.as_deref().and_then(|commit| commit.get(..7)).unwrap_or("unknown")
    }
}

impl std::fmt::Display for SourceRevision {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "commit {}", self.short())?;
        if self.is_modified { formatter.write_str(" with changes that are not committed") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::SourceRevision;

    fn git(directory: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        let output =
            Command::new("git").args(identity).args(arguments).current_dir(directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn checkout() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        git(directory.path(), &["init", "--quiet"]);
        commit(directory.path(), "one");
        directory
    }

    fn commit(directory: &Path, text: &str) {
        std::fs::write(directory.join("file"), text).unwrap();
        git(directory, &["add", "file"]);
        git(directory, &["commit", "--quiet", "--message", text]);
    }

    #[tokio::test]
    async fn revision_is_the_commit_during_the_build() {
        let checkout = checkout();
        let path = checkout.path();
        let before = SourceRevision::read_from(path).await;
        let (built, revision) = SourceRevision::unchanged_during_in(path, async { Ok(7) }).await.unwrap();
        assert_eq!((built, &revision), (7, &before));
        assert!(!revision.is_modified);
        for change in
            [|path: &Path| commit(path, "two"), |path: &Path| std::fs::write(path.join("file"), "x").unwrap()]
        {
            let moved = SourceRevision::unchanged_during_in(path, async {
                change(path);
                Ok(())
            });
            let error = moved.await.unwrap_err().to_string();
            assert!(error.contains("the checkout moved from commit"), "{error}");
        }
    }

    #[test]
    fn source_without_a_commit_of_its_own_is_a_warning() {
        let warning = |commit: Option<&str>, is_modified| {
            SourceRevision { commit: commit.map(str::to_owned), is_modified }.warning()
        };
        let commit = Some("8b8402f27c1d");
        assert_eq!(warning(commit, false), None);
        assert_eq!(
            warning(commit, true).unwrap(),
            "built from commit 8b8402f with changes that are not committed, so no commit contains what would be \
             deployed"
        );
        assert!(warning(None, true).unwrap().starts_with("not built from a git repository"));
    }

    #[tokio::test]
    async fn failed_build_reports_its_own_error() {
        let checkout = checkout();
        let failed = SourceRevision::unchanged_during_in(checkout.path(), async {
            commit(checkout.path(), "two");
            Err::<(), _>(anyhow::anyhow!("it does not compile"))
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "it does not compile");
    }
}
