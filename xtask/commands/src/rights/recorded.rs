//! What stacks recorded when they ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use machine::directory::StateDirectory;
use rights::RightsReport;
use tokio::time::{Instant, sleep};

/// The file in the state directory of a stack that has ended.
pub(crate) const RECORD: &str = "rights.json";

/// How long a stack may take to end.
const LIMIT: Duration = Duration::from_mins(1);
/// The pause between two looks at a stack that ends.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads the records in the directories below a directory. Stacks that are about to end are awaited.
pub(super) async fn read(directory: &Path) -> Result<RightsReport> {
    let mut all = RightsReport::default();
    let mut is_empty = true;
    for state in directories(directory)? {
        await_end(&state).await?;
        let path = state.join(RECORD);
        let Ok(text) = tokio::fs::read(&path).await else { continue };
        all.add(serde_json::from_slice(&text).with_context(|| format!("{} is malformed", path.display()))?);
        is_empty = false;
    }
    if is_empty {
        return Err(anyhow!("no stack has recorded its rights in {}", directory.display()));
    }
    Ok(all)
}

fn directories(directory: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", directory.display());
    let entries = std::fs::read_dir(directory).with_context(unreadable)?;
    let mut directories = Vec::new();
    for entry in entries {
        let entry = entry.with_context(unreadable)?;
        if entry.file_type().with_context(unreadable)?.is_dir() {
            directories.push(entry.path());
        }
    }
    Ok(directories)
}

async fn await_end(state: &Path) -> Result<()> {
    let began = Instant::now();
    while StateDirectory::is_locked(state) {
        if began.elapsed() > LIMIT {
            return Err(anyhow!(
                "the stack in {} still runs; end it, then run the command again",
                state.display()
            ));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}
