//! Requests to create a change set.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The value of a parameter of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterValue {
    /// The value in the request.
    pub value: String,
    /// What the Systems Manager parameter that [`value`](Self::value) names contains.
    ///
    /// None for a parameter of another type, or if it is not known.
    pub resolved: Option<String>,
}

/// A template with the values of its parameters.
#[derive(Clone, Copy, Debug)]
pub struct TemplateVersion<'a> {
    /// The template.
    pub template: &'a Value,
    /// The values of its parameters, without those that have their default.
    pub parameters: &'a BTreeMap<String, ParameterValue>,
}

/// A request to create a change set.
#[derive(Clone, Copy)]
pub struct ChangeSetRequest<'a> {
    /// The text of the template.
    pub template_text: &'a str,
    /// Whether the request has the URL of the template, not its text.
    pub by_url: bool,
    /// The values of the parameters.
    ///
    /// A Systems Manager parameter that has its default is here too if its content is known.
    pub parameters: &'a BTreeMap<String, ParameterValue>,
    /// The acknowledged capabilities, such as `CAPABILITY_NAMED_IAM`.
    pub capabilities: &'a BTreeSet<String>,
    /// What is deployed; none for a new stack.
    pub deployed: Option<TemplateVersion<'a>>,
    /// Whether existing resources are imported (`ImportExistingResources`).
    pub import_existing: bool,
    /// The name of the stack.
    pub stack_name: &'a str,
    /// The id of the account.
    pub account_id: &'a str,
    /// Whether a resource of a type exists under a name, in this stack or outside of it.
    ///
    /// It is called only for names of resources that the change set would create. For a bucket policy, the name is that
    /// of its bucket.
    pub exists: &'a dyn Fn(&str, &str) -> bool,
}
