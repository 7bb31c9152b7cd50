//! Packs the TypeScript client of the API.

use std::path::PathBuf;

use anyhow::{Context, Result};
use machine::node::TYPESCRIPT_CLIENT;
use machine::{Progress, command, workspace};
use stack::ArtifactHash;
use tokio::process::Command;

use super::sha256;

/// The client as an npm tarball.
pub struct TypescriptClient {
    /// The path of the tarball.
    pub path: PathBuf,
    /// The SHA-256 of the tarball.
    pub hash: ArtifactHash,
}

/// Packs the client with its dependencies. The same source gives the same bytes.
pub async fn build_typescript_client(progress: &dyn Progress) -> Result<TypescriptClient> {
    progress.note("  packing the TypeScript client …");
    let directory = workspace::target().join("typescript-client");
    let mut pack = tokio::task::block_in_place(|| TYPESCRIPT_CLIENT.script("pack", progress))?;
    pack.arg("--").arg(&directory);
    let printed = command::output(&mut Command::from(pack)).await?;
    let printed = String::from_utf8(printed).context("the path of the TypeScript client is not UTF-8")?;
    let path = PathBuf::from(printed.trim());
    let bytes = tokio::fs::read(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(TypescriptClient { hash: sha256(&bytes).parse()?, path })
}
