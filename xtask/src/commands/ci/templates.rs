//! Checks the template of each environment, without and with a signing key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use command_line::environment;
use command_line::terminal::TerminalProgress;
use machine::tools::{CFN_LINT, CHECKOV};
use machine::{LOCAL_ENVIRONMENT, command, repository, workspace};
use stack::{Environment, SigningKeys};

/// Lints all templates, and scans those for AWS for insecure settings.
pub(super) fn check() -> Result<()> {
    let directory = workspace::target().join("templates");
    fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let linter = CFN_LINT.program(&TerminalProgress)?;
    let mut on_aws = Vec::new();
    for name in environment::names()? {
        let environment = environment::load(&name)?;
        let templates = [
            write_template(&directory, &name, &environment, &SigningKeys::none())?,
            write_template(&directory, &format!("{name}-with-key"), &environment, &SigningKeys::unknown())?,
        ];
        command::run_blocking(
            Command::new(linter.path())
                .args(["--regions", environment.region.as_str()])
                .arg("--template")
                .args(&templates),
        )?;
        if name != LOCAL_ENVIRONMENT {
            on_aws.extend(templates);
        }
    }
    command::run_blocking(
        Command::new(CHECKOV.program(&TerminalProgress)?.path())
            .arg("--config-file")
            .arg(repository::root().join("stack/checkov.yaml"))
            .arg("--file")
            .args(&on_aws),
    )
}

fn write_template(
    directory: &Path,
    name: &str,
    environment: &Environment,
    signing_keys: &SigningKeys,
) -> Result<PathBuf> {
    let path = directory.join(format!("{name}.json"));
    let template = stack::preview_with(environment, signing_keys)?;
    fs::write(&path, template.to_json()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
