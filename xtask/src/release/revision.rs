//! Which source a release is made from.

use futures_util::future::join;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::process;

/// What git knows of the checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceRevision {
    /// The commit; nothing where there is no git, as in an unpacked archive.
    pub(crate) commit: Option<String>,
    /// Whether files differ from the commit, so that nobody else has this source.
    pub(crate) is_modified: bool,
}

impl SourceRevision {
    /// Look at the checkout.
    pub(crate) async fn of_checkout() -> Self {
        let git = async |arguments: &[&str]| {
            let output = Command::from(process::at_root("git")).args(arguments).output().await.ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let (commit, changes) =
            join(git(&["rev-parse", "HEAD"]), git(&["status", "--porcelain", "--no-renames"])).await;
        Self { commit, is_modified: changes.is_none_or(|changes| !changes.is_empty()) }
    }

    /// The commit, as short as git tends to show it.
    pub(crate) fn short(&self) -> &str {
        self.commit.as_deref().and_then(|commit| commit.get(..7)).unwrap_or("unknown")
    }
}
