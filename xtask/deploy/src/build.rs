//! Builds the functions as zip files for Lambda or as programs for this machine.

mod archive;
mod cargo_home;
mod compile;
mod environment;
mod operator_program;
mod programs;
mod typescript_client;

use std::path::PathBuf;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use machine::{Progress, workspace};
use stack::{ArtifactHash, FunctionName};

use self::archive::Compression;
pub use archive::sha256;
pub use compile::BuildFailed;
pub use environment::AWS_LC_TABLES;
pub use operator_program::{OperatorProgram, build_operator_program};
pub use typescript_client::{TypescriptClient, build_typescript_client};

/// How functions are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Builds quickly for this machine. The local stack runs the result.
    Development,
    /// Builds small and fast code for Lambda. The same source gives the same bytes.
    Release(stack::Architecture),
}

/// A built function.
pub struct BuiltFunction {
    /// The name of the function.
    pub name: FunctionName,
    /// The path of its zip file.
    pub zip: PathBuf,
    /// The SHA-256 of the zip file.
    pub hash: ArtifactHash,
    /// The size of the zip file in bytes.
    pub size: u64,
}

fn directory(profile: Profile) -> PathBuf {
    workspace::target().join(match profile {
        Profile::Development => "lambda-development",
        Profile::Release(_) => "lambda",
    })
}

/// Returns the path of a function's program after a build.
pub fn bootstrap(profile: Profile, function: FunctionName) -> PathBuf {
    directory(profile).join(function.as_str()).join("bootstrap")
}

/// Builds all functions into `{function}/bootstrap`, with a `bootstrap.zip` next to each.
pub async fn build(profile: Profile, progress: &dyn Progress) -> Result<Vec<BuiltFunction>> {
    let directory = directory(profile);
    compile::compile(profile, &directory, progress).await?;
    let compression = match profile {
        Profile::Development => Compression::Fast,
        Profile::Release(_) => Compression::Best,
    };
    let step = progress.begin("zips");
    let archives = FunctionName::ALL.map(async |name| {
        let bootstrap = bootstrap(profile, name);
        let zip = bootstrap.with_file_name("bootstrap.zip");
        let archive = archive::write_if_changed(bootstrap.clone(), zip.clone(), compression);
        let help =
            || format!("cannot zip {}; if the disk is full, make room and build again", bootstrap.display());
        let (hash, size) = archive.await.with_context(help)?;
        anyhow::Ok(BuiltFunction { name, zip, hash, size })
    });
    let built = try_join_all(archives).await?;
    let megabytes: f64 =
        built.iter().map(|function| u32::try_from(function.size).map_or(0.0, f64::from)).sum();
    step.done(&format!("{:.1} MB together", megabytes / 1e6));
    Ok(built)
}
