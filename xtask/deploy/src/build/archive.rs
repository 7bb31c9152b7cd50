//! Creates zip files that have the same bytes for the same binary.

use std::fmt::Write as FmtWrite;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use stack::ArtifactHash;
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// How much time is spent to make a zip file small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Compression {
    /// For the local stack, which unpacks the file on the same machine.
    Fast = 1,
    /// For Lambda, which loads the file at every cold start.
    Best = 9,
}

/// Writes the zip file of a bootstrap unless the existing one was made from the same bytes in the same way.
///
/// Returns its hash and size.
pub(super) async fn write_if_changed(
    bootstrap: PathBuf,
    zip: PathBuf,
    compression: Compression,
) -> Result<(ArtifactHash, u64)> {
    tokio::task::spawn_blocking(move || {
        // The zip file does not identify its source, so a file next to it does.
        let note = zip.with_extension("zip.source");
        let existing = fs::read(&note).ok().and_then(|note| serde_json::from_slice::<Note>(&note).ok());
        let files = Files::read(&bootstrap, &zip).ok();
        // Development builds are large, and reading them takes longer than everything else of a deployment without
        // changes. Cargo trusts times and sizes too.
        if let (Compression::Fast, Some(existing)) = (compression, &existing)
            && files.is_some()
            && existing.files == files
            && existing.compression == compression
        {
            return Ok((existing.hash.clone(), existing.size));
        }
        let binary = fs::read(&bootstrap)?;
        let source = sha256(&binary);
        let is_same = |note: &Note| note.source == source && note.compression == compression;
        if !existing.as_ref().is_some_and(is_same) || !zip.exists() {
            write(&zip, &pack(&binary, compression)?)?;
        }
        let bytes = fs::read(&zip)?;
        let (hash, size) = (sha256(&bytes).parse()?, bytes.len() as u64);
        let files = Files::read(&bootstrap, &zip).ok();
        let written = Note { source, compression, files, hash, size };
        fs::write(&note, serde_json::to_vec(&written)?)?;
        Ok((written.hash, size))
    })
    .await
    .context("zipping was interrupted")?
}

/// What a zip file was made from, and what it contains.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The SHA-256 of the bootstrap.
    source: String,
    compression: Compression,
    /// The two files at that time, if the file system tells.
    files: Option<Files>,
    /// The SHA-256 of the zip file.
    hash: ArtifactHash,
    /// The size of the zip file in bytes.
    size: u64,
}

/// The times and sizes of a bootstrap and its zip file.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Files {
    bootstrap: (SystemTime, u64),
    zip: (SystemTime, u64),
}

impl Files {
    fn read(bootstrap: &Path, zip: &Path) -> io::Result<Self> {
        let state = |path: &Path| -> io::Result<(SystemTime, u64)> {
            let metadata = fs::metadata(path)?;
            Ok((metadata.modified()?, metadata.len()))
        };
        Ok(Self { bootstrap: state(bootstrap)?, zip: state(zip)? })
    }
}

/// Writes a file under a temporary name first, so an interrupted write never looks complete.
fn write(zip: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = zip.with_extension(format!("partial-{}", std::process::id()));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, zip));
    if written.is_err() {
        // The file may not exist.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Packs one entry with a fixed date, mode, and compression.
fn pack(binary: &[u8], compression: Compression) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755)
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(compression as i64));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", options)?;
    archive.write_all(binary)?;
    Ok(archive.finish()?.into_inner())
}

/// Returns the SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = FmtWrite::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::{Compression, pack, write, write_if_changed};

    #[tokio::test]
    async fn zip_is_written_again_with_another_compression() {
        let directory = tempfile::tempdir().unwrap();
        let bootstrap = directory.path().join("bootstrap");
        let binary: Vec<u8> = (0..200_000_u32).flat_map(|number| (number % 977).to_le_bytes()).collect();
        std::fs::write(&bootstrap, binary).unwrap();
        let zip = directory.path().join("bootstrap.zip");
        let write = async |compression| {
            write_if_changed(bootstrap.clone(), zip.clone(), compression).await.unwrap().1
        };
        let fast = write(Compression::Fast).await;
        assert!(write(Compression::Best).await < fast);
        assert_eq!(write(Compression::Fast).await, fast);
    }

    #[tokio::test]
    async fn zip_of_a_changed_or_damaged_file_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let bootstrap = directory.path().join("bootstrap");
        let zip = directory.path().join("bootstrap.zip");
        let write = async |content: &[u8]| {
            std::fs::write(&bootstrap, content).unwrap();
            write_if_changed(bootstrap.clone(), zip.clone(), Compression::Fast).await.unwrap().0
        };
        let first = write(b"first").await;
        assert_eq!(write(b"first").await, first);
        let other = write(b"other").await;
        assert_ne!(other, first);
        std::fs::remove_file(&zip).unwrap();
        assert_eq!(write(b"other").await, other);
        assert!(zip.exists());
        let note = directory.path().join("bootstrap.zip.source");
        std::fs::write(note, "damaged").unwrap();
        assert_eq!(write(b"first").await, first);
    }

    #[test]
    fn zip_depends_only_on_the_binary() {
        let first = pack(b"binary", Compression::Best).unwrap();
        assert_eq!(first, pack(b"binary", Compression::Best).unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
        let mut entry = archive.by_name("bootstrap").unwrap();
        assert_eq!(entry.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents).unwrap();
        assert_eq!(contents, b"binary");
    }

    #[test]
    fn failed_write_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        // A directory takes the place of the zip file, so the file is written but cannot be renamed.
        let zip = directory.path().join("bootstrap.zip");
        std::fs::create_dir_all(zip.join("taken")).unwrap();
        assert!(write(&zip, b"zip").is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
