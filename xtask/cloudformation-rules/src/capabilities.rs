//! The capabilities that a template needs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rule::Rule;
use crate::violation::Violation;

/// The types that need a capability, with the property that is a custom name:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>.
///
/// The name of an inline policy is required, so it is no custom name:
/// <https://github.com/ministackorg/ministack/pull/1660>.
const TYPES: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

const UNNAMED: &str = "CAPABILITY_IAM";
const NAMED: &str = "CAPABILITY_NAMED_IAM";

/// Returns the capability that a template needs and that is not acknowledged.
///
/// A change set with a transform needs no capability when it is created.
pub(crate) fn check(template: &Value, acknowledged: &BTreeSet<String>) -> Option<Violation> {
    let resources = template["Resources"].as_object()?;
    let needed = resources.iter().filter_map(|(id, entry)| {
        let (_, name) = TYPES.iter().find(|(resource_type, _)| entry["Type"] == *resource_type)?;
        let is_named = name.is_some_and(|name| entry["Properties"].get(name).is_some());
        Some((is_named, id))
    });
    let (is_named, id) = needed.max_by_key(|(is_named, _)| *is_named)?;
    let is_acknowledged = acknowledged.contains(NAMED) || (!is_named && acknowledged.contains(UNNAMED));
    let capability = if is_named { NAMED } else { UNNAMED };
    let message = format!("Requires capabilities : [{capability}]");
    (!is_acknowledged).then(|| Violation::of_entry(Rule::MissingCapability, "Resources", id, message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Request, messages, role};

    fn request(name: Option<&str>, capabilities: &[&str]) -> Request {
        let mut template = json!({ "Resources": { "Role": role() } });
        if let Some(name) = name {
            template["Resources"]["Role"]["Properties"]["RoleName"] = name.into();
        }
        let capabilities = capabilities.iter().map(|capability| (*capability).to_owned()).collect();
        Request { capabilities, ..Request::new(&template) }
    }

    #[test]
    fn role_needs_a_capability() {
        let missing = "Requires capabilities : [CAPABILITY_IAM]";
        assert_eq!(messages(&request(None, &[])), [missing]);
        assert_eq!(messages(&request(None, &["CAPABILITY_IAM"])), [""; 0]);
        assert_eq!(messages(&request(None, &["CAPABILITY_NAMED_IAM"])), [""; 0]);
    }

    #[test]
    fn role_with_a_custom_name_needs_a_stronger_capability() {
        let missing = "Requires capabilities : [CAPABILITY_NAMED_IAM]";
        assert_eq!(messages(&request(Some("role"), &["CAPABILITY_IAM"])), [missing]);
        assert_eq!(messages(&request(Some("role"), &["CAPABILITY_NAMED_IAM"])), [""; 0]);
    }
}
