//! The environment files of the repository, and the option that names one.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use machine::repository;
use stack::{Environment, EnvironmentName};

/// The option that names an environment.
#[derive(Args, Clone)]
pub struct EnvironmentArgument {
    /// The environment: the name of a file in stack/environments.
    #[arg(long = "env", default_value = "dev", value_name = "NAME")]
    name: String,
}

impl EnvironmentArgument {
    /// Reads the file of the environment.
    pub fn load(&self) -> Result<Environment> {
        load(&self.name)
    }
}

/// Returns the names of all environments.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(directory()).context("cannot read stack/environments")? {
        names.extend(file?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn directory() -> PathBuf {
    repository::root().join("stack/environments")
}

/// Reads an environment's file.
pub fn load(name: &str) -> Result<Environment> {
    let unknown = || {
        let known = names().unwrap_or_default().join(", ");
        format!("there is no environment `{name}`; stack/environments has: {known}")
    };
    let environment: EnvironmentName = name.parse().with_context(unknown)?;
    if !names()?.iter().any(|known| known == name) {
        bail!(unknown());
    }
    let path = directory().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;

    Environment::parse(&environment, &text).with_context(|| format!("in stack/environments/{name}.toml"))
}

#[cfg(test)]
mod tests {
    use super::{load, names};

    #[test]
    fn every_environment_loads() {
        let names = names().unwrap();
        assert!(!names.is_empty());
        for name in names {
            let environment = load(&name).unwrap();
            assert_eq!(environment.name.as_str(), name);
        }
    }

    #[test]
    fn unknown_environment_error_lists_the_known_ones() {
        let error = load("nope").unwrap_err().to_string();
        assert_eq!(error, "there is no environment `nope`; stack/environments has: dev, local, prod");
        assert!(load("../dev").is_err());
    }
}
