//! What a change of a property means for data and for access.

use serde::Serialize;
use serde_json::Value;

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// Data is deleted, or is no longer kept from being deleted.
    LosesData,
    /// More is let in than before.
    Opens,
    /// Somebody who was let in before is not any more.
    Closes,
}

/// A change that matters to data or to access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What it means.
    pub consequence: Consequence,
    /// The resource, by logical id.
    pub resource: String,
    /// What changes.
    pub what: String,
}

/// Judges a property: its old and new value, each null where there is none.
pub(super) type Judge = fn(&mut Findings<'_>, &Value, &Value);

/// Collects findings of a resource.
pub(super) struct Findings<'a> {
    resource: &'a str,
    found: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(resource: &'a str, found: &'a mut Vec<Finding>) -> Self {
        Self { resource, found }
    }

    pub(super) fn loses_data(&mut self, what: impl Into<String>) {
        self.add(Consequence::LosesData, what.into());
    }

    pub(super) fn opens(&mut self, what: impl Into<String>) {
        self.add(Consequence::Opens, what.into());
    }

    pub(super) fn closes(&mut self, what: impl Into<String>) {
        self.add(Consequence::Closes, what.into());
    }

    /// Judges a list of what is let in: more of it opens, less of it closes.
    pub(super) fn list(&mut self, name: &str, old: &[String], new: &[String]) {
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.opens(format!("{name} gain {item}"));
        }
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.closes(format!("{name} lose {item}"));
        }
    }

    fn add(&mut self, consequence: Consequence, what: String) {
        self.found.push(Finding { consequence, resource: self.resource.to_owned(), what });
    }
}

/// The texts of a list, functions as the JSON that says so.
pub(super) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().into_iter().flatten().map(text).collect()
}
