//! `cargo xtask openapi`: writes the OpenAPI documents, and the types of the TypeScript client.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::Args;
use command_line::Outcome;
use command_line::terminal::TerminalProgress;
use machine::node::TYPESCRIPT_CLIENT;
use serde_json::Value;

use super::generated::GeneratedFile;

const COMMAND: &str = "openapi";

/// Options of `openapi`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit with 3 if a file is out of date.
    #[arg(long)]
    check: bool,
}

/// Checks that the committed files are up to date.
pub(crate) fn check() -> Result<Outcome> {
    run(&Arguments { check: true })
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let documents = update_documents(arguments.check)?;
    let types = update_types(arguments.check)?;
    Ok(if documents == Outcome::Done { types } else { documents })
}

fn update_documents(check: bool) -> Result<Outcome> {
    let documents = [
        ("openapi/openapi.json", openapi::openapi_document()),
        ("openapi/gateway.json", openapi::gateway_preview()),
    ];
    let mut outcome = Outcome::Done;
    for (path, document) in documents {
        let file = GeneratedFile { path, command: COMMAND, text: &rendered(&document)? };
        if file.update(check)? == Outcome::Differences {
            outcome = Outcome::Differences;
        }
    }
    Ok(outcome)
}

fn update_types(check: bool) -> Result<Outcome> {
    let text = types(&rendered(&openapi::openapi_document())?)?;
    GeneratedFile { path: "openapi/typescript/src/schema.ts", command: COMMAND, text: &text }.update(check)
}

/// Returns the TypeScript types of a document.
fn types(document: &str) -> Result<String> {
    let mut generator = TYPESCRIPT_CLIENT.script("schema", &TerminalProgress)?;
    let mut generator = generator
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the generator of TypeScript types does not start")?;
    if let Some(mut input) = generator.stdin.take() {
        // It reads everything before it writes, so neither side waits for the other.
        input.write_all(document.as_bytes()).context("the generator of TypeScript types does not read")?;
    }
    let output = generator.wait_with_output().context("the generator of TypeScript types does not end")?;
    if !output.status.success() {
        bail!("the generator of TypeScript types failed ({}); its output is above", output.status);
    }
    String::from_utf8(output.stdout).context("the TypeScript types are not UTF-8")
}

fn rendered(document: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

#[cfg(test)]
mod tests {
    use command_line::Outcome;

    #[test]
    fn committed_documents_are_current() {
        let outcome = super::update_documents(true).unwrap();
        assert!(outcome == Outcome::Done, "run `cargo xtask openapi`");
    }
}
