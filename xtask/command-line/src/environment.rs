//! The environment files of the repository, and the option that names one.

mod default;
mod identity;

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use machine::{LOCAL_ENVIRONMENT, repository};
use stack::{Environment, EnvironmentName};

use self::default::Defaults;
pub use self::identity::{LocalIdentity, local_identity};

/// The option that names an environment.
#[derive(Args, Clone, Debug)]
pub struct EnvironmentArgument {
    /// The environment: the name of a file in stack/environments. Without it: PACKAGES_ENV, then the personal default,
    /// then dev.
    #[arg(long = "env", value_name = "NAME", value_parser = known)]
    name: Option<EnvironmentName>,
    /// In the environment local: whose permissions the command has. On AWS, the credentials decide.
    #[arg(long = "as", value_name = "IDENTITY")]
    identity: Option<LocalIdentity>,
}

impl EnvironmentArgument {
    /// Reads the file of the environment.
    pub fn load(&self) -> Result<Environment> {
        let environment = match &self.name {
            Some(name) => read(name),
            None => Defaults::of_this_process().load(),
        }?;
        if let Some(identity) = self.identity {
            ensure!(
                environment.name.as_str() == LOCAL_ENVIRONMENT,
                "--as is for the environment local; in {}, AWS_PROFILE chooses the credentials",
                environment.name
            );
            identity.choose();
        }
        Ok(environment)
    }
}

/// The environment files in this program, by name. Without them, those of the repository are read.
static EMBEDDED: OnceLock<&[(&str, &str)]> = OnceLock::new();

/// Uses these environment files, by name, in place of those of the repository.
pub fn embed(files: &'static [(&'static str, &'static str)]) {
    // A second set is ignored: a program has one.
    let _ = EMBEDDED.set(files);
}

/// Parses the name of an environment that has a file.
fn known(name: &str) -> Result<EnvironmentName> {
    let known = names()?;
    match name.parse() {
        Ok(parsed) if known.iter().any(|known| known == name) => Ok(parsed),
        _ => bail!("there is no such file in stack/environments, which has: {}", known.join(", ")),
    }
}

/// Returns the names of all environments.
pub fn names() -> Result<Vec<String>> {
    if let Some(files) = EMBEDDED.get() {
        return Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
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

/// Reads the file of the environment with this name.
pub fn load(name: &str) -> Result<Environment> {
    read(&known(name).with_context(|| format!("there is no environment `{name}`"))?)
}

fn read(name: &EnvironmentName) -> Result<Environment> {
    let embedded = EMBEDDED.get().and_then(|files| files.iter().find(|(known, _)| *known == name.as_str()));
    let text = if let Some((_, text)) = embedded {
        (*text).to_owned()
    } else {
        let path = directory().join(format!("{name}.toml"));
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
    };
    Environment::parse(name, &text).with_context(|| format!("in stack/environments/{name}.toml"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{EnvironmentArgument, load, names};

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        environment: EnvironmentArgument,
    }

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
    fn unknown_environment_is_wrong_usage_and_the_known_ones_are_listed() {
        for name in ["nope", "../dev", ""] {
            let error = Arguments::try_parse_from(["xtask", "--env", name]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains("in stack/environments, which has: dev, local, prod"), "{text}");
        }
        assert_eq!(Arguments::try_parse_from(["xtask"]).unwrap().environment.name, None);
    }
}
