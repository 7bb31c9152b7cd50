//! One violation of a rule of AWS.

use std::fmt;

use crate::rule::Rule;

/// One violation of a rule of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The logical id of the resource, parameter or output; none for the whole template.
    pub logical_id: Option<String>,
    /// The JSON pointer to the place in the template.
    pub path: String,
    /// The rule that is broken.
    pub rule: Rule,
    /// What AWS responds, worded like its own message if a source documents it.
    pub message: String,
}

impl Violation {
    /// Returns a violation of the whole template.
    pub(crate) fn of_template(rule: Rule, message: impl Into<String>) -> Self {
        Self { logical_id: None, path: String::new(), rule, message: message.into() }
    }

    /// Returns a violation of an entry of a section, such as a parameter.
    pub(crate) fn of_entry(rule: Rule, section: &str, id: &str, message: impl Into<String>) -> Self {
        let path = format!("/{section}/{}", escape(id));
        Self { logical_id: Some(id.to_owned()), path, rule, message: message.into() }
    }

    /// Returns a violation of a resource's properties, with the pointer inside them.
    pub(crate) fn of_property(rule: Rule, id: &str, pointer: &str, message: impl Into<String>) -> Self {
        let path = format!("/Resources/{}/Properties{pointer}", escape(id));
        Self { logical_id: Some(id.to_owned()), path, rule, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.rule)?;
        if !self.path.is_empty() {
            write!(formatter, " at {}", self.path)?;
        }
        write!(formatter, ": {}", self.message)
    }
}

/// Escapes a key for a JSON pointer: <https://www.rfc-editor.org/rfc/rfc6901#section-3>.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
