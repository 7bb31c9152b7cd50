//! Variables and their values.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// A variable is missing or malformed.
///
/// The message names the variable and never contains its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {problem}")]
pub struct SettingError {
    /// The name of the variable.
    pub name: &'static str,
    problem: &'static str,
}

/// The value of a variable, or why there is none.
pub type Setting<T> = Result<T, SettingError>;

/// The variables of a process at its start.
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Returns the variables of this process that are UTF-8.
    pub fn from_process() -> Self {
        let utf8 =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        #[expect(clippy::disallowed_methods, reason = "every other module receives the variables from here")]
        Self(std::env::vars_os().filter_map(utf8).collect())
    }

    /// Returns the given variables.
    pub fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns the value of a variable that is set and not blank.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Returns the value of a variable that something needs.
    pub fn required(&self, name: &'static str) -> Setting<String> {
        self.optional(name).ok_or(SettingError { name, problem: "not set" })
    }

    /// Returns the parsed value of a variable that something needs.
    pub(super) fn parsed<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Setting<T> {
        parse(&self.required(name)?).ok_or(SettingError { name, problem: "malformed" })
    }

    /// Returns the parsed value of a variable that is set.
    pub(super) fn optional_parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Setting<Option<T>> {
        if self.optional(name).is_some() { self.parsed(name, parse).map(Some) } else { Ok(None) }
    }
}
