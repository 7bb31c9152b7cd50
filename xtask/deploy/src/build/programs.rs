//! The programs that Cargo built, at the paths that it reports.
//!
//! The target and the target directory may come from variables (`CARGO_BUILD_TARGET`, `CARGO_BUILD_TARGET_DIR`) or
//! from the user's configuration. A path computed here could then refer to the result of an older build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use machine::{command, repository};
use serde::Deserialize;
use stack::FunctionName;
use tokio::process::Command;

/// Options with which Cargo reports each program as JSON on standard output, and still prints errors and warnings:
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>.
const MESSAGES: [&str; 2] = ["--message-format", "json-render-diagnostics"];

/// The functions' programs, built by one run of Cargo.
#[derive(Debug)]
pub(super) struct Programs(BTreeMap<String, PathBuf>);

/// The fields of Cargo's messages about artifacts that are used here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Programs {
    /// Runs a Cargo command that builds functions.
    pub(super) async fn build(command: &mut Command) -> Result<Self> {
        let printed = command::output(command.args(MESSAGES)).await?;
        Ok(Self::parse(&String::from_utf8_lossy(&printed), &repository::root().join("runtime/Cargo.toml")))
    }

    /// Returns the programs that cargo-lambda moved to this directory: `{function}/bootstrap`.
    pub(super) fn in_directory(directory: &Path) -> Self {
        let programs = FunctionName::ALL.into_iter().map(|function| {
            (function.as_str().to_owned(), directory.join(function.as_str()).join("bootstrap"))
        });
        Self(programs.filter(|(_, program)| program.is_file()).collect())
    }

    /// Reads the messages about the programs of one package.
    fn parse(printed: &str, manifest: &Path) -> Self {
        // A wrapper of Cargo may print other lines too.
        let messages = printed.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
        let programs = messages.filter_map(|message| {
            let target = message.target.filter(|target| target.kind.iter().any(|kind| kind == "bin"))?;
            let is_ours = message.reason == "compiler-artifact" && is_same(&message.manifest_path?, manifest);
            is_ours.then_some((target.name, message.executable?))
        });
        Self(programs.collect())
    }

    /// Returns the path of a function's program.
    pub(super) fn get(&self, function: FunctionName) -> Result<&Path> {
        let program = self.0.get(function.as_str()).map(PathBuf::as_path);
        program.with_context(|| format!("Cargo reported no program for the function {function}"))
    }
}

/// Returns whether two paths refer to the same file.
///
/// Cargo may use another path to the repository, through a link.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use stack::FunctionName;

    use super::Programs;

    fn artifact(package: &str, name: &str, kind: &str, executable: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","package_id":"path+file:///source/{package}#0.1.0","manifest_path":"/source/{package}/Cargo.toml","target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"{name}","src_path":"/source/{package}/src/bin/{name}.rs","edition":"2024"}},"profile":{{"opt_level":"0"}},"features":[],"filenames":["/x"],"executable":{executable},"fresh":true}}"#
        )
    }

    #[test]
    fn program_path_comes_from_cargo() {
        let printed = [
            "Zig is somewhere".to_owned(),
            artifact("other", "api", "bin", r#""/elsewhere/other/api""#),
            artifact("runtime", "runtime", "lib", "null"),
            artifact("runtime", "api", "bin", r#""/elsewhere/aarch64-unknown-linux-gnu/debug/api""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let programs = Programs::parse(&printed.join("\n"), Path::new("/source/runtime/Cargo.toml"));
        let api = programs.get(FunctionName::Api).unwrap();
        assert_eq!(api, Path::new("/elsewhere/aarch64-unknown-linux-gnu/debug/api"));
        let error = programs.get(FunctionName::Restore).unwrap_err().to_string();
        assert!(error.contains("restore"), "{error}");
    }
}
