//! The environment of a command without `--env`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use stack::Environment;

use super::{known, read};
use crate::wrong_usage::WrongUsage;

/// The variable that names an environment.
const VARIABLE: &str = "PACKAGES_ENV";
/// The file with the personal default, in the user's directory of configurations.
const FILE: &str = "packages-service/config.toml";
/// The environment that is used if nothing names another one.
const FALLBACK: &str = "dev";

/// Where the name of an environment can come from, except the option `--env`.
pub(super) struct Defaults {
    /// The value of the variable.
    variable: Option<OsString>,
    /// The file with the personal default, which need not exist.
    file: Option<PathBuf>,
}

/// The file with the personal default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    environment: Option<String>,
}

impl Defaults {
    /// Returns the defaults of this process.
    pub(super) fn of_this_process() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            variable: variable(VARIABLE),
            file: configuration_file(
                variable("XDG_CONFIG_HOME").map(PathBuf::from),
                variable("HOME").map(PathBuf::from),
            ),
        }
    }

    /// Reads the environment that the variable names, or else the file, or else `dev`.
    ///
    /// A protected environment is rejected: a setting that was made once, and is not visible in the command, must not
    /// select it.
    pub(super) fn load(&self) -> Result<Environment> {
        let (name, source) = if let Some(name) = &self.variable {
            (name.to_string_lossy().into_owned(), format!("the variable {VARIABLE}"))
        } else if let Some((name, path)) = self.personal()? {
            (name, path.display().to_string())
        } else {
            (FALLBACK.to_owned(), "the default".to_owned())
        };
        let known = known(&name).map_err(|error| {
            WrongUsage::new(format!(
                "{source} names the environment `{name}`: {error}; correct it, or pass --env"
            ))
        })?;
        let environment = read(&known)?;
        if environment.protected {
            let message = format!(
                "{source} names the environment {name}, which is protected; pass --env {name} explicitly to \
                 select it"
            );
            return Err(WrongUsage::new(message).into());
        }
        Ok(environment)
    }

    /// Returns the name in the file, and the path of the file.
    fn personal(&self) -> Result<Option<(String, &Path)>> {
        let Some(path) = self.file.as_deref().filter(|path| path.exists()) else { return Ok(None) };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let configuration: Configuration = toml::from_str(&text).map_err(|error| {
            WrongUsage::new(format!(
                "{} is malformed; correct it, or pass --env: {}",
                path.display(),
                error.to_string().trim_end()
            ))
        })?;
        Ok(configuration.environment.map(|name| (name, path)))
    }
}

/// Returns the path of the file: <https://specifications.freedesktop.org/basedir-spec/latest/>.
fn configuration_file(configurations: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // A relative path has to be ignored.
    let directory = configurations.filter(|path| path.is_absolute());
    directory.or_else(|| home.map(|home| home.join(".config"))).map(|directory| directory.join(FILE))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Defaults, configuration_file};
    use crate::wrong_usage::WrongUsage;

    fn defaults(variable: Option<&str>, file: Option<&str>) -> (Defaults, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        (Defaults { variable: variable.map(Into::into), file: Some(path) }, directory)
    }

    fn chosen(variable: Option<&str>, file: Option<&str>) -> String {
        defaults(variable, file).0.load().unwrap().name.to_string()
    }

    fn rejected(variable: Option<&str>, file: Option<&str>) -> String {
        let error = defaults(variable, file).0.load().unwrap_err();
        assert!(error.is::<WrongUsage>(), "{error:#}");
        error.to_string()
    }

    #[test]
    fn variable_precedes_the_file_which_precedes_dev() {
        assert_eq!(chosen(None, None), "dev");
        assert_eq!(chosen(None, Some("")), "dev");
        assert_eq!(chosen(None, Some("environment = \"local\"")), "local");
        assert_eq!(chosen(Some("dev"), Some("environment = \"local\"")), "dev");
        // The file is not read then.
        assert_eq!(chosen(Some("dev"), Some("environment = ")), "dev");
    }

    #[test]
    fn protected_environment_has_to_be_named_on_the_command_line() {
        let message = rejected(Some("prod"), None);
        assert_eq!(
            message,
            "the variable PACKAGES_ENV names the environment prod, which is protected; pass --env prod \
             explicitly to select it"
        );
        let message = rejected(None, Some("environment = \"prod\""));
        assert!(message.contains("config.toml names the environment prod, which is protected"), "{message}");
    }

    #[test]
    fn unknown_name_is_reported_with_its_source() {
        let message = rejected(Some("prd"), None);
        assert!(message.starts_with("the variable PACKAGES_ENV names the environment `prd`: "), "{message}");
        assert!(message.contains("which has: dev, local, prod"), "{message}");
        let message = rejected(None, Some("environment = \"../dev\""));
        assert!(message.contains("config.toml names the environment `../dev`: "), "{message}");
    }

    #[test]
    fn malformed_file_is_reported_with_the_line() {
        for text in ["environment = ", "environment = 1", "env = \"dev\""] {
            let message = rejected(None, Some(text));
            assert!(message.contains("config.toml is malformed") && message.contains("line 1"), "{message}");
        }
    }

    #[test]
    fn file_is_in_the_directory_of_the_base_directory_specification() {
        let path = |configurations: Option<&str>, home: Option<&str>| {
            configuration_file(configurations.map(PathBuf::from), home.map(PathBuf::from))
        };
        let file = |directory: &str| Some(PathBuf::from(format!("{directory}/packages-service/config.toml")));
        assert_eq!(path(Some("/configurations"), Some("/home/alice")), file("/configurations"));
        assert_eq!(path(Some("relative"), Some("/home/alice")), file("/home/alice/.config"));
        assert_eq!(path(None, Some("/home/alice")), file("/home/alice/.config"));
        assert_eq!(path(None, None), None);
    }
}
