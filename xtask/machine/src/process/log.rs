//! The file with the output of a process.

use std::io::{self, SeekFrom};
use std::path::Path;
use std::process::Stdio;

use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// The number of bytes to read for the lines in an error, independent of the size of the log.
const TAIL_BYTES: u64 = 64 * 1024;

/// Creates an empty log, and returns it as the standard output and standard error of a process.
pub(super) async fn create(path: &Path) -> io::Result<(Stdio, Stdio)> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).await?;
    }
    let file = File::create(path).await?;
    let copy = file.try_clone().await?;
    Ok((file.into_std().await.into(), copy.into_std().await.into()))
}

/// Returns the last lines of a log, or nothing if it cannot be read.
pub async fn tail(path: &Path, lines: usize) -> String {
    let text = end(path).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.trim_end().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

async fn end(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path).await?;
    let length = file.metadata().await?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).await?;
    let mut text = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut text).await?;
    Ok(text)
}

/// Formats the tail of a log for the end of a message that names the log.
pub(super) fn indented(tail: &str) -> String {
    if tail.is_empty() {
        return ".".to_owned();
    }
    tail.lines().fold(", and ends with:".to_owned(), |message, line| message + "\n  " + line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tail_is_the_last_lines() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("log");
        assert_eq!(tail(&path, 2).await, "");
        std::fs::write(&path, b"one\ntwo\nthr\xffee\n\n").unwrap();
        assert_eq!(tail(&path, 2).await, "two\nthr\u{fffd}ee");
        assert_eq!(tail(&path, 9).await, "one\ntwo\nthr\u{fffd}ee");
        std::fs::write(&path, "x".repeat(200_000) + "\nlast").unwrap();
        assert_eq!(tail(&path, 1).await, "last");
    }
}
