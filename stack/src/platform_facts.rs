//! Facts of the platform: values that a template has CloudFormation look up in the Parameter Store.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::environment::{FactKind, InvalidValue};

/// The section of a template's metadata that says what its parameters may contain, since CloudFormation itself has
/// texts and lists only.
pub(crate) const METADATA: &str = "PlatformFacts";

/// Facts by the names of their parameters.
pub type Facts = BTreeMap<String, String>;

/// A fact of the platform, and the parameter of a template with which CloudFormation looks it up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlatformFact {
    /// The name of the template's parameter.
    pub id: String,
    /// The path in the Parameter Store.
    pub path: String,
    /// What it is.
    pub description: String,
    /// Whether it is a list, which the Parameter Store must contain as a StringList.
    pub is_list: bool,
    /// The type of its setting; text where the template, an older one, does not say it.
    pub kind: FactKind,
}

impl PlatformFact {
    /// Checks that a value is valid for the setting, a list item by item.
    pub fn check(&self, value: &str) -> Result<(), InvalidValue> {
        self.kind.check(value, self.is_list)
    }
}

/// Returns the facts of the platform that a template refers to.
pub fn platform_facts(template: &Value) -> Vec<PlatformFact> {
    let kind = |id: &str| template["Metadata"][METADATA][id].as_str()?.parse().ok();
    let parameters = template["Parameters"].as_object().into_iter().flatten();
    parameters
        .filter_map(|(id, parameter)| {
            let held = parameter["Type"].as_str()?.strip_prefix("AWS::SSM::Parameter::Value<")?;
            Some(PlatformFact {
                id: id.clone(),
                path: parameter["Default"].as_str()?.to_owned(),
                description: parameter["Description"].as_str().unwrap_or_default().to_owned(),
                is_list: held.starts_with("List<"),
                kind: kind(id).unwrap_or(FactKind::Text),
            })
        })
        .collect()
}
