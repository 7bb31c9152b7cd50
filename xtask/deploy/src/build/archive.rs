//! Creates zip files that have the same bytes for the same binary.

use std::fmt::Write as FmtWrite;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_lc_rs::digest;
use stack::ArtifactHash;
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// How much time is spent to make a zip file small.
#[derive(Clone, Copy, Debug)]
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
        let binary = fs::read(&bootstrap)?;
        // The zip file does not identify its source, so the hash of the source is stored in a file next to it.
        let note = zip.with_extension("zip.source");
        let source = format!("{} {compression:?}", sha256(&binary));
        if fs::read_to_string(&note).ok().as_deref() != Some(source.as_str()) || !zip.exists() {
            write(&zip, &pack(&binary, compression)?)?;
            fs::write(&note, &source)?;
        }
        let bytes = fs::read(&zip)?;
        Ok((sha256(&bytes).parse()?, bytes.len() as u64))
    })
    .await
    .context("zipping was interrupted")?
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
