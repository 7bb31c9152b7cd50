//! The permissions that a request needs.

use iam_rs::{Context, ContextValue};

use crate::identity::ACCOUNT;

/// An action on a resource, with the condition keys that the service sets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Access {
    /// The action, such as `s3:GetObject`.
    pub(crate) action: String,
    /// The ARN of the resource, or `*` for an action that accepts none.
    pub(crate) resource: String,
    /// Condition keys in addition to those of all requests.
    pub(crate) context: Vec<(String, ContextValue)>,
}

impl Access {
    /// Returns an action on a resource.
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: Vec::new() }
    }

    /// Returns an action for which policies cannot name a resource.
    pub(crate) fn on_everything(action: impl Into<String>) -> Self {
        Self::new(action, "*")
    }

    /// Adds a condition key.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.push((key.to_owned(), ContextValue::String(value.into())));
        self
    }

    /// Returns all condition keys.
    pub(crate) fn condition_keys(&self) -> Context {
        Context { data: self.context.iter().cloned().collect() }
    }
}

/// Returns the ARN of a resource in a region.
pub(crate) fn regional(service: &str, region: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{region}:{ACCOUNT}:{resource}")
}

/// Returns the ARN of a resource of the account.
pub(crate) fn global(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}::{ACCOUNT}:{resource}")
}
