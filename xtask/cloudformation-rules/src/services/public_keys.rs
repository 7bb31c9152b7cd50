//! Public keys, which CloudFront neither changes nor deletes while a key group lists them.

use std::collections::BTreeSet;

use crate::check::Context;
use crate::intrinsics::referenced_resource;
use crate::rule::Rule;
use crate::services::items;
use crate::template::Template;
use crate::violation::Violation;

const PUBLIC_KEY: &str = "AWS::CloudFront::PublicKey";
const KEY_GROUP: &str = "AWS::CloudFront::KeyGroup";

/// Only the comment of a public key can change:
/// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdatePublicKey.html>.
const FIXED: &[&str] =
    &["/PublicKeyConfig/CallerReference", "/PublicKeyConfig/EncodedKey", "/PublicKeyConfig/Name"];

/// CloudFormation updates a public key in place although CloudFront cannot, so its logical id must change.
pub(super) fn check_changes(context: &Context<'_>) -> Vec<Violation> {
    let Some(deployed) = context.deployed else { return Vec::new() };
    context
        .template
        .of_type(PUBLIC_KEY)
        .filter_map(|(id, key)| Some((id, key, deployed.resources.get(id)?)))
        .filter_map(|(id, key, before)| {
            let changed = FIXED
                .iter()
                .find(|pointer| key.properties.pointer(pointer) != before.properties.pointer(pointer))?;
            let message = "Invalid request provided: AWS::CloudFront::PublicKey";
            Some(Violation::of_property(Rule::PublicKeyChanged, id, changed, message))
        })
        .collect()
}

/// A removed key is deleted after all other changes, so it fails only if a group still lists it then.
pub(super) fn check_removals(context: &Context<'_>) -> Vec<Violation> {
    let Some(deployed) = context.deployed else { return Vec::new() };
    let removed = |id: &str| !context.template.resources.contains_key(id);
    let listed: BTreeSet<&str> = context
        .template
        .of_type(KEY_GROUP)
        .chain(deployed.of_type(KEY_GROUP).filter(|(id, group)| removed(id) && group.is_retained()))
        .flat_map(|(_, group)| items(&group.properties["KeyGroupConfig"]["Items"]))
        .filter_map(referenced_resource)
        .collect();
    removed_keys(deployed, &removed)
        .filter(|id| listed.contains(id))
        .map(|id| {
            let message = "The Cloudfront public key is currently associated with either Key Group or a field level \
                           encryption profile.";
            Violation::of_entry(Rule::PublicKeyInUse, "Resources", id, message)
        })
        .collect()
}

fn removed_keys<'a>(
    deployed: &'a Template<'_>,
    removed: &impl Fn(&str) -> bool,
) -> impl Iterator<Item = &'a str> {
    deployed.of_type(PUBLIC_KEY).filter(|(id, key)| removed(id) && !key.is_retained()).map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, queue, rules};

    fn key(config: &Value) -> Value {
        json!({ "Type": "AWS::CloudFront::PublicKey", "Properties": { "PublicKeyConfig": config } })
    }

    #[test]
    fn only_the_comment_of_a_key_changes() {
        let config = |changed: &str, value: &str| {
            let mut config =
                json!({ "CallerReference": "a", "Comment": "a", "EncodedKey": "a", "Name": "a" });
            config[changed] = value.into();
            json!({ "Key": key(&config) })
        };
        let update = |changed: &str| Request::of_update(&config(changed, "a"), &config(changed, "b"));
        assert_eq!(rules(&update("Comment")), []);
        for changed in ["CallerReference", "EncodedKey", "Name"] {
            assert_eq!(messages(&update(changed)), ["Invalid request provided: AWS::CloudFront::PublicKey"]);
        }
    }

    #[test]
    fn new_logical_id_makes_a_new_key() {
        let keys = |id: &str| json!({ id: key(&json!({ "EncodedKey": id, "Name": id })) });
        assert_eq!(rules(&Request::of_update(&keys("First"), &keys("Second"))), []);
    }

    #[test]
    fn removed_key_is_in_no_group_that_stays() {
        let deployed = |key_policy: &str, group_policy: &str| {
            let mut key = key(&json!({ "Name": "key" }));
            key["DeletionPolicy"] = key_policy.into();
            let config = json!({ "Name": "group", "Items": [{ "Ref": "Key" }] });
            let group = json!({
                "Type": "AWS::CloudFront::KeyGroup",
                "DeletionPolicy": group_policy,
                "Properties": { "KeyGroupConfig": config },
            });
            json!({ "Key": key, "Group": group, "Queue": queue() })
        };
        let removed = |key_policy: &str, group_policy: &str| {
            rules(&Request::of_update(&deployed(key_policy, group_policy), &json!({ "Queue": queue() })))
        };
        assert_eq!(removed("Delete", "Delete"), []);
        assert_eq!(removed("Retain", "Retain"), []);
        assert_eq!(removed("Delete", "Retain"), [Rule::PublicKeyInUse]);
    }
}
