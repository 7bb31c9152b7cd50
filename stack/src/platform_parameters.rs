//! Platform parameters: values that a template has CloudFormation look up in the Parameter Store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::environment::{InvalidValue, PlatformParameterKind};

/// The section of a template's metadata with the kind of each platform parameter.
///
/// CloudFormation itself distinguishes only texts and lists. Deployed templates contain this name, so it does not change.
pub(crate) const METADATA: &str = "PlatformFacts";

/// The values of platform parameters, by the names of the template's parameters.
pub type PlatformParameterValues = BTreeMap<String, String>;

/// A platform parameter, and the parameter of a template with which CloudFormation looks it up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlatformParameter {
    /// The name of the template's parameter.
    pub id: String,
    /// The path in the Parameter Store.
    pub path: String,
    /// What it is.
    pub description: String,
    /// Whether it is a list, which the Parameter Store must contain as a StringList.
    pub is_list: bool,
    /// The type of its setting; text where the template, an older one, does not say it.
    pub kind: PlatformParameterKind,
}

impl PlatformParameter {
    /// Checks that a value is valid for the setting, a list item by item.
    pub fn check(&self, value: &str) -> Result<(), InvalidValue> {
        self.kind.check(value, self.is_list)
    }

    /// Whether two values differ.
    ///
    /// The Parameter Store keeps spaces between the items of a list, and CloudFormation removes them.
    pub fn differs(&self, one: &str, other: &str) -> bool {
        let items = |list| -> Vec<&str> { str::split(list, ',').map(str::trim).collect() };
        if self.is_list { items(one) != items(other) } else { one != other }
    }
}

/// Returns the names of a template's platform parameters whose values differ. New ones are not included.
pub(crate) fn changed_parameters(
    template: &Value,
    old: &PlatformParameterValues,
    new: &PlatformParameterValues,
) -> BTreeSet<String> {
    let parameters = platform_parameters(template).into_iter();
    parameters
        .filter(|parameter| match (old.get(&parameter.id), new.get(&parameter.id)) {
            (Some(old), Some(new)) => parameter.differs(old, new),
            _ => false,
        })
        .map(|parameter| parameter.id)
        .collect()
}

/// Returns the platform parameters that a template refers to.
pub fn platform_parameters(template: &Value) -> Vec<PlatformParameter> {
    let kind = |id: &str| template["Metadata"][METADATA][id].as_str()?.parse().ok();
    let parameters = template["Parameters"].as_object().into_iter().flatten();
    parameters
        .filter_map(|(id, parameter)| {
            let held = parameter["Type"].as_str()?.strip_prefix("AWS::SSM::Parameter::Value<")?;
            Some(PlatformParameter {
                id: id.clone(),
                path: parameter["Default"].as_str()?.to_owned(),
                description: parameter["Description"].as_str().unwrap_or_default().to_owned(),
                is_list: held.starts_with("List<"),
                kind: kind(id).unwrap_or(PlatformParameterKind::Text),
            })
        })
        .collect()
}
