//! `cargo xtask openapi`: writes the OpenAPI documents.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;
use command_line::{Outcome, terminal};
use machine::repository;
use serde_json::Value;

/// Options of `openapi`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Change nothing; exit with 3 if a file is out of date.
    #[arg(long)]
    check: bool,
}

/// Checks that the committed documents are up to date.
pub(crate) fn check() -> Result<Outcome> {
    run(&Arguments { check: true })
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome> {
    let documents =
        [("openapi.json", openapi::openapi_document()), ("gateway.json", openapi::gateway_preview())];
    let mut outcome = Outcome::Done;
    for (name, document) in documents {
        let path = repository::root().join("openapi").join(name);
        let text = rendered(&document)?;
        if fs::read_to_string(&path).is_ok_and(|current| current == text) {
            continue;
        }
        if arguments.check {
            terminal::say(format!("openapi/{name} is out of date; run `cargo xtask openapi`"));
            outcome = Outcome::Differences;
        } else {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            terminal::say(format!("wrote openapi/{name}"));
        }
    }
    Ok(outcome)
}

fn rendered(document: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

#[cfg(test)]
mod tests {
    use command_line::Outcome;

    #[test]
    fn the_committed_documents_are_current() {
        let outcome = super::check().unwrap();
        assert!(outcome == Outcome::Done, "run `cargo xtask openapi`");
    }
}
