//! What a change of a property means for data and for access.

use serde::Serialize;
use serde_json::Value;

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// Data is deleted, or is no longer protected from deletion.
    LosesData,
    /// More requests are accepted than before, or data reaches others or is less protected.
    Opens,
    /// Requests that were accepted before are rejected.
    Closes,
}

/// Compares the values of a property and reports what the change means. A missing value is null.
pub(crate) type Compare = fn(&mut Consequences, &Value, &Value);

/// The consequences of a change of one resource, each with its description.
#[derive(Debug, Default)]
pub(crate) struct Consequences(Vec<(Consequence, String)>);

impl Consequences {
    pub(crate) fn loses_data(&mut self, what: impl Into<String>) {
        self.0.push((Consequence::LosesData, what.into()));
    }

    pub(crate) fn opens(&mut self, what: impl Into<String>) {
        self.0.push((Consequence::Opens, what.into()));
    }

    pub(crate) fn closes(&mut self, what: impl Into<String>) {
        self.0.push((Consequence::Closes, what.into()));
    }

    /// Compares lists of what is accepted: an added item opens, a removed item closes.
    pub(crate) fn list(&mut self, name: &str, old: &[String], new: &[String]) {
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.opens(format!("{name} gain {item}"));
        }
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.closes(format!("{name} lose {item}"));
        }
    }

    /// Compares whether browsers may send credentials.
    pub(crate) fn cors_credentials(&mut self, old: &Value, new: &Value) {
        match (old == true, new == true) {
            (false, true) => self.opens("CORS allows credentials"),
            (true, false) => self.closes("CORS no longer allows credentials"),
            _ => {}
        }
    }

    /// Compares where data goes or comes from, or who acts: any other value than before opens.
    pub(crate) fn target(&mut self, name: &str, old: &Value, new: &Value) {
        if !old.is_null() && old != new {
            self.opens(format!("{name} {new}, was {old}"));
        }
    }

    pub(crate) fn into_vec(self) -> Vec<(Consequence, String)> {
        self.0
    }
}

/// Returns the texts of a list, an intrinsic function as its JSON.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().into_iter().flatten().map(text).collect()
}
