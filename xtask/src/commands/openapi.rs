//! `cargo xtask openapi`: writes the OpenAPI documents.

use anyhow::Result;
use clap::Args;
use command_line::Outcome;
use serde_json::Value;

use super::generated::GeneratedFile;

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
    let documents = [
        ("openapi/openapi.json", openapi::openapi_document()),
        ("openapi/gateway.json", openapi::gateway_preview()),
    ];
    let mut outcome = Outcome::Done;
    for (path, document) in documents {
        let file = GeneratedFile { path, command: "openapi", text: &rendered(&document)? };
        if file.update(arguments.check)? == Outcome::Differences {
            outcome = Outcome::Differences;
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
    fn committed_documents_are_current() {
        let outcome = super::check().unwrap();
        assert!(outcome == Outcome::Done, "run `cargo xtask openapi`");
    }
}
