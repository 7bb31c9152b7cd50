//! `cargo xtask build`: the functions as zips.

mod archive;
mod cargo_home;
mod compile;
mod environment;
mod programs;
pub(crate) mod target;

pub(crate) use archive::sha256;
pub(crate) use programs::Programs;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use stack::{ArtifactHash, FunctionName};

use crate::{Outcome, terminal, workspace};

/// Options of `build`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What the functions shall run on.
    #[arg(long, value_enum, default_value = "x86-64", value_name = "ARCHITECTURE")]
    arch: ArchitectureArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum ArchitectureArgument {
    #[value(name = "x86-64", alias = "x86_64")]
    X86_64,
    Arm64,
}

/// How functions are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For this machine, quickly: what the local stack runs.
    Development,
    /// For Lambda: small, fast, and the same bytes for the same source.
    Release(stack::Architecture),
}

/// A function that was built.
pub(crate) struct BuiltFunction {
    /// Which one.
    pub(crate) name: FunctionName,
    /// Its zip.
    pub(crate) zip: PathBuf,
    /// The zip's SHA-256.
    pub(crate) hash: ArtifactHash,
    /// The zip's size in bytes.
    pub(crate) size: u64,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let architecture = match arguments.arch {
        ArchitectureArgument::X86_64 => stack::Architecture::X86_64,
        ArchitectureArgument::Arm64 => stack::Architecture::Arm64,
    };
    for function in build(Profile::Release(architecture)).await? {
        println!("{}  {}  {} bytes", function.hash, function.zip.display(), function.size);
    }
    Ok(Outcome::Done)
}

fn directory(profile: Profile) -> PathBuf {
    workspace::target().join(match profile {
        Profile::Development => "lambda-development",
        Profile::Release(_) => "lambda",
    })
}

/// Where the program of a function lies once it is built.
pub(crate) fn bootstrap(profile: Profile, function: FunctionName) -> PathBuf {
    directory(profile).join(function.as_str()).join("bootstrap")
}

/// Build all functions: `{function}/bootstrap`, and `bootstrap.zip` beside it.
pub(crate) async fn build(profile: Profile) -> Result<Vec<BuiltFunction>> {
    let directory = directory(profile);
    compile::compile(profile, &directory).await?;
    let step = terminal::Step::begin("zips");
    let mut built = Vec::new();
    for name in FunctionName::ALL {
        let bootstrap = bootstrap(profile, name);
        let zip = bootstrap.with_file_name("bootstrap.zip");
        let archive = archive::write_if_changed(bootstrap.clone(), zip.clone());
        let help =
            || format!("cannot zip {}; if the disk is full, make room and build again", bootstrap.display());
        let (hash, size) = archive.await.with_context(help)?;
        built.push(BuiltFunction { name, zip, hash, size });
    }
    let megabytes: f64 =
        built.iter().map(|function| u32::try_from(function.size).map_or(0.0, f64::from)).sum();
    step.done(format!("{:.1} MB together", megabytes / 1e6));
    Ok(built)
}
