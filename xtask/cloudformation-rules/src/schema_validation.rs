//! Validates properties against a resource provider schema.
//!
//! This is not a general validator of JSON Schema. CloudFormation converts between texts, numbers and booleans, a value
//! that is not known yet matches anything, cfn-lint adds keywords of its own, and the messages are those of
//! CloudFormation. `jsonschema` can express none of these, and brings 70 crates that compile for longer than a minute.

mod alternatives;
mod collections;
mod scalars;
mod types;

use serde_json::Value;

use crate::intrinsics::is_unknown;
use crate::rule::Rule;
use crate::violation::escape;

/// One way in which properties do not match a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    /// The JSON pointer inside the properties.
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Returns how properties do not match the schema of their type.
pub(crate) fn validate(schema: &Value, properties: &Value) -> Vec<Problem> {
    // The schemas leave out that properties are an object.
    match types::convert(&"object".into(), properties) {
        Err(message) => vec![Problem::new(Rule::WrongType, "", &message)],
        Ok(_) => Validation { root: schema }.problems(schema, properties, ""),
    }
}

/// The validation against one schema, with its definitions at the root.
struct Validation<'a> {
    root: &'a Value,
}

/// A value at its place, with the keyword that is checked.
#[derive(Clone, Copy)]
struct Checked<'a> {
    validation: &'a Validation<'a>,
    /// The whole schema of the value.
    schema: &'a Value,
    /// The value of the keyword.
    keyword: &'a Value,
    value: &'a Value,
    pointer: &'a str,
}

/// Checks one keyword.
type Check = fn(Checked<'_>) -> Vec<Problem>;

impl<'a> Validation<'a> {
    fn problems(&'a self, schema: &'a Value, value: &Value, pointer: &str) -> Vec<Problem> {
        if is_unknown(value) {
            return Vec::new();
        }
        let Some(keywords) = schema.as_object() else { return Vec::new() };
        let referenced = schema["$ref"].as_str().and_then(|reference| self.definition(reference));
        let mut problems =
            referenced.map(|definition| self.problems(definition, value, pointer)).unwrap_or_default();
        let value = match types::convert(&schema["type"], value) {
            Ok(value) => value,
            Err(message) => {
                problems.push(Problem::new(Rule::WrongType, pointer, &message));
                return problems;
            }
        };
        let tables = [scalars::CHECKS, collections::CHECKS, alternatives::CHECKS];
        for (name, check) in tables.into_iter().flatten() {
            if let Some(keyword) = keywords.get(*name) {
                problems.extend(check(Checked { validation: self, schema, keyword, value: &value, pointer }));
            }
        }
        problems
    }

    fn definition(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

impl<'a> Checked<'a> {
    /// Returns the problems of a value inside this one.
    fn inside(self, schema: &'a Value, key: &str, value: &Value) -> Vec<Problem> {
        self.validation.problems(schema, value, &format!("{}/{}", self.pointer, escape(key)))
    }

    /// Returns the problems of this value with another schema.
    fn with(self, schema: &'a Value) -> Vec<Problem> {
        self.validation.problems(schema, self.value, self.pointer)
    }

    fn problem(self, rule: Rule, message: &str) -> Problem {
        Problem::new(rule, self.pointer, message)
    }
}

impl Problem {
    fn new(rule: Rule, pointer: &str, message: &str) -> Self {
        Self { rule, pointer: pointer.to_owned(), message: format!("#{pointer}: {message}") }
    }

    /// Returns a problem without the value in the message, since it may be a secret:
    /// <https://github.com/aws-cloudformation/cloudformation-resource-schema/blob/0ad7e837e1e7bfe36872cff2a29853dfc3f7ce20/src/main/java/software/amazon/cloudformation/resource/exceptions/ValidationException.java>
    fn without_value(rule: Rule, pointer: &str, keyword: &str) -> Self {
        Self::new(rule, pointer, &format!("failed validation constraint for keyword [{keyword}]"))
    }
}

#[cfg(test)]
mod tests;
