//! `cargo xtask ci`: all that CI runs, quickest first.

mod templates;

use std::process::Command;

use anyhow::{Result, bail};

use crate::tools::OPENAPI_SPEC_VALIDATOR;
use crate::{Outcome, cargo_deny, openapi, process, terminal, test, workspace};

pub(crate) fn run() -> Result<Outcome> {
    heading("formatting");
    process::run_blocking(process::cargo().args(["fmt", "--all", "--check"]))?;
    heading("generated files");
    if openapi::check()? == Outcome::Differences {
        bail!("generated files are not current");
    }
    heading("OpenAPI documents");
    validate_documents()?;
    heading("CloudFormation templates");
    templates::check()?;
    heading("licences, bans, sources");
    cargo_deny::check()?;
    heading("lints");
    process::run_blocking(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    heading("documentation");
    // Links from public to private items serve whoever reads the source.
    process::run_blocking(
        process::cargo()
            .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )?;
    heading("tests");
    test::run(&test::Arguments::default())
}

fn heading(name: &str) {
    terminal::say(format!("\n{}", terminal::paint(&format!("== {name}"), "1")));
}

fn validate_documents() -> Result<()> {
    let validator = OPENAPI_SPEC_VALIDATOR.program()?;
    let directory = workspace::root().join("openapi");
    process::run_blocking(
        Command::new(validator.path())
            .arg(directory.join("openapi.json"))
            .arg(directory.join("gateway.json")),
    )
}
