//! What can be wrong with an environment's file.

use super::string_types::EnvironmentName;

/// An environment's file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The text is not TOML, or not a valid environment.
    #[error(
        "environment `{environment}`, line {line}, column {column}: {message}\n\
         correct stack/environments/{environment}.toml and run the command again"
    )]
    Malformed {
        /// Which environment.
        environment: EnvironmentName,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// The file is that of another environment.
    #[error(
        "the file of environment `{asked}` contains `name = \"{found}\"`\n\
         a copied file needs values of its own: check each value in stack/environments/{asked}.toml"
    )]
    OtherName {
        /// The environment that was asked for.
        asked: EnvironmentName,
        /// The environment that the file is of.
        found: EnvironmentName,
    },
}

impl EnvironmentError {
    pub(super) fn malformed(environment: &EnvironmentName, text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |position| position + 1);
        Self::Malformed {
            environment: environment.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: error.message().to_owned(),
        }
    }
}
