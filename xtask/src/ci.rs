//! `cargo xtask ci`: all that CI runs, quickest first.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::tools::{CFN_LINT, OPENAPI_SPEC_VALIDATOR};
use crate::{Outcome, cargo_deny, environment, openapi, process, render, terminal, test, workspace};

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
    lint_templates()?;
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
        std::process::Command::new(validator.path())
            .arg(directory.join("openapi.json"))
            .arg(directory.join("gateway.json")),
    )
}

fn lint_templates() -> Result<()> {
    let linter = CFN_LINT.program()?;
    let directory = workspace::target().join("templates");
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    for name in environment::names()? {
        let environment = environment::load(&name)?;
        let path = directory.join(format!("{name}.json"));
        fs::write(&path, render::preview(&environment)?.to_json())
            .with_context(|| format!("cannot write {}", path.display()))?;
        process::run_blocking(
            std::process::Command::new(linter.path())
                .args(["--regions", environment.region.as_str()])
                .arg("--template")
                .arg(&path),
        )?;
    }
    Ok(())
}
