//! `cargo xtask build`: builds the functions as zip files.

use anyhow::Result;
use clap::{Args, ValueEnum};
use command_line::{Outcome, output};
use deploy::build::{Profile, build};
use deploy::connection::Connection;
use operator::terminal::Terminal;
use stack::{Architecture, Environment};

/// Options of `build`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The processor architecture that the functions run on.
    #[arg(long, value_enum, default_value = "x86-64", value_name = "ARCHITECTURE")]
    arch: ArchitectureArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum ArchitectureArgument {
    #[value(name = "x86-64", alias = "x86_64")]
    X86_64,
    Arm64,
}

/// Returns the build profile of an environment's functions.
///
/// For the local environment, it is the profile of the running stack. For all others, it is the Lambda profile.
pub(crate) fn profile(environment: &Environment, connection: &Connection) -> Profile {
    match &connection.local {
        Some(local) if !local.is_release_build => Profile::Development,
        _ => Profile::Release(environment.architecture),
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let architecture = match arguments.arch {
        ArchitectureArgument::X86_64 => Architecture::X86_64,
        ArchitectureArgument::Arm64 => Architecture::Arm64,
    };
    for function in build(Profile::Release(architecture), &Terminal).await? {
        output::print(format_args!(
            "{}  {}  {} bytes",
            function.hash,
            function.zip.display(),
            function.size
        ))?;
    }
    Ok(Outcome::Done)
}
