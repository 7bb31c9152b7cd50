//! Key groups, distributions and their policies.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::is_unknown;
use crate::rule::Rule;
use crate::services::{is_true, items, number};
use crate::template::Resource;
use crate::violation::Violation;

const MAXIMUM_KEYS: usize = 5;
const MAXIMUM_KEY_GROUPS: usize = 4;

pub(super) fn check_key_groups(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudFront::KeyGroup")
        .filter_map(|(id, group)| {
            let pointer = "/KeyGroupConfig/Items";
            let keys = group.properties.pointer(pointer)?.as_array()?.len();
            let (rule, message) = match keys {
                0 => (
                    Rule::KeyGroupWithoutKeys,
                    "Invalid request provided: AWS::CloudFront::KeyGroup".to_owned(),
                ),
                1..=MAXIMUM_KEYS => return None,
                _ => {
                    let message =
                        format!("The key group has {keys} public keys; the maximum is {MAXIMUM_KEYS}");
                    (Rule::TooManyKeysInGroup, message)
                }
            };
            Some(Violation::of_property(rule, id, pointer, message))
        })
        .collect()
}

pub(super) fn check_distributions(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudFront::Distribution")
        .flat_map(|(id, distribution)| {
            let behaviors = behaviors(distribution);
            let mut violations = check_behaviors(id, distribution, &behaviors);
            violations.extend(check_paths(id, &behaviors));
            violations
        })
        .collect()
}

/// Returns the cache behaviors with their JSON pointers.
fn behaviors<'a>(distribution: &'a Resource<'_>) -> Vec<(String, &'a Value)> {
    let config = &distribution.properties["DistributionConfig"];
    let default = config.get("DefaultCacheBehavior");
    let default = default.map(|behavior| ("/DistributionConfig/DefaultCacheBehavior".to_owned(), behavior));
    let others = items(&config["CacheBehaviors"]).iter().enumerate();
    let others =
        others.map(|(index, behavior)| (format!("/DistributionConfig/CacheBehaviors/{index}"), behavior));
    default.into_iter().chain(others).collect()
}

fn check_behaviors(id: &str, distribution: &Resource<'_>, behaviors: &[(String, &Value)]) -> Vec<Violation> {
    let config = &distribution.properties["DistributionConfig"];
    let groups = match &config["OriginGroups"] {
        Value::Object(groups) => groups.get("Items").map(items).unwrap_or_default(),
        groups => items(groups),
    };
    let origins: Vec<&Value> =
        items(&config["Origins"]).iter().chain(groups).map(|origin| &origin["Id"]).collect();
    let mut violations = Vec::new();
    for (pointer, behavior) in behaviors {
        let groups = items(&behavior["TrustedKeyGroups"]).len();
        if groups > MAXIMUM_KEY_GROUPS {
            let message =
                format!("The cache behavior has {groups} key groups; the maximum is {MAXIMUM_KEY_GROUPS}");
            let pointer = format!("{pointer}/TrustedKeyGroups");
            violations.push(Violation::of_property(Rule::TooManyKeyGroups, id, &pointer, message));
        }
        let target = &behavior["TargetOriginId"];
        let may_exist =
            !target.is_string() || origins.iter().any(|origin| *origin == target || is_unknown(origin));
        if !may_exist {
            let message = "Invalid request provided: AWS::CloudFront::Distribution: One or more of your cache \
                           behavior target origins or origin groups do not exist.";
            let pointer = format!("{pointer}/TargetOriginId");
            violations.push(Violation::of_property(Rule::UnknownOrigin, id, &pointer, message));
        }
    }
    violations
}

fn check_paths(id: &str, behaviors: &[(String, &Value)]) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    behaviors
        .iter()
        .filter(|(_, behavior)| {
            behavior["PathPattern"].as_str().is_some_and(|pattern| !seen.insert(pattern.to_owned()))
        })
        .map(|(pointer, behavior)| {
            let message = format!("The path pattern {} is used more than once", behavior["PathPattern"]);
            let pointer = format!("{pointer}/PathPattern");
            Violation::of_property(Rule::DuplicatePathPattern, id, &pointer, message)
        })
        .collect()
}

pub(super) fn check_cache_policies(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudFront::CachePolicy")
        .filter_map(|(id, policy)| {
            let pointer = "/CachePolicyConfig";
            let config = policy.properties.pointer(pointer)?;
            let lifetimes: Option<Vec<i64>> =
                ["MinTTL", "DefaultTTL", "MaxTTL"].iter().map(|name| number(&config[*name])).collect();
            let message = "Invalid request provided: AWS::CloudFront::CachePolicy";
            (!lifetimes?.is_sorted())
                .then(|| Violation::of_property(Rule::CacheLifetimes, id, pointer, message))
        })
        .collect()
}

/// The lists of a CORS configuration that must not contain `*` if credentials are allowed, with their headers.
///
/// Only the rule for the headers is documented.
const CORS_LISTS: &[(&str, &str)] = &[
    ("AccessControlAllowHeaders", "Access-Control-Allow-Headers"),
    ("AccessControlAllowOrigins", "Access-Control-Allow-Origin"),
];

pub(super) fn check_cors(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::CloudFront::ResponseHeadersPolicy")
        .filter_map(|(id, policy)| {
            let pointer = "/ResponseHeadersPolicyConfig/CorsConfig";
            let cors = policy.properties.pointer(pointer)?;
            let (_, header) = CORS_LISTS
                .iter()
                .find(|(list, _)| items(&cors[*list]["Items"]).contains(&Value::from("*")))?;
            let message = format!(
                "Invalid request provided: AWS::CloudFront::ResponseHeadersPolicy: The parameter {header} cannot \
                 contain * when allowCredentials is true."
            );
            is_true(&cors["AccessControlAllowCredentials"])
                .then(|| Violation::of_property(Rule::CredentialsForAll, id, pointer, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn resource(resource_type: &str, properties: &Value) -> Vec<Rule> {
        let resource = json!({ "Type": resource_type, "Properties": properties });
        rules(&Request::of_resources(&json!({ "Thing": resource })))
    }

    fn distribution(config: &Value) -> Vec<Rule> {
        resource("AWS::CloudFront::Distribution", &json!({ "DistributionConfig": config }))
    }

    #[test]
    fn key_group_has_one_to_five_keys() {
        let group = |keys: usize| {
            resource(
                "AWS::CloudFront::KeyGroup",
                &json!({ "KeyGroupConfig": { "Items": vec!["key"; keys] } }),
            )
        };
        assert_eq!(group(1), []);
        assert_eq!(group(5), []);
        assert_eq!(group(0), [Rule::KeyGroupWithoutKeys]);
        assert_eq!(group(6), [Rule::TooManyKeysInGroup]);
    }

    #[test]
    fn cache_behavior_trusts_four_key_groups_at_most() {
        let with = |groups: usize| {
            let behavior = json!({ "TrustedKeyGroups": vec!["group"; groups] });
            distribution(&json!({ "CacheBehaviors": [behavior] }))
        };
        assert_eq!(with(4), []);
        assert_eq!(with(5), [Rule::TooManyKeyGroups]);
    }

    #[test]
    fn cache_behavior_names_an_origin() {
        let with = |target: &str| {
            let origins = json!([{ "Id": "origin" }]);
            let groups = json!({ "Items": [{ "Id": "group" }] });
            let behavior = json!({ "TargetOriginId": target });
            distribution(
                &json!({ "Origins": origins, "OriginGroups": groups, "DefaultCacheBehavior": behavior }),
            )
        };
        assert_eq!(with("origin"), []);
        assert_eq!(with("group"), []);
        assert_eq!(with("other"), [Rule::UnknownOrigin]);
    }

    #[test]
    fn path_pattern_is_used_once() {
        let with = |second: &str| {
            distribution(&json!({ "CacheBehaviors": [{ "PathPattern": "a" }, { "PathPattern": second }] }))
        };
        assert_eq!(with("b"), []);
        assert_eq!(with("a"), [Rule::DuplicatePathPattern]);
    }

    #[test]
    fn lifetimes_are_in_order() {
        let with = |minimum: u32, default: u32, maximum: u32| {
            let config = json!({ "MinTTL": minimum, "DefaultTTL": default, "MaxTTL": maximum });
            resource("AWS::CloudFront::CachePolicy", &json!({ "CachePolicyConfig": config }))
        };
        assert_eq!(with(1, 1, 2), []);
        assert_eq!(with(2, 1, 3), [Rule::CacheLifetimes]);
        assert_eq!(with(1, 3, 2), [Rule::CacheLifetimes]);
    }

    #[test]
    fn credentials_are_not_for_all_origins_or_headers() {
        let with = |list: &str, item: &str, credentials: bool| {
            let cors = json!({ "AccessControlAllowCredentials": credentials, list: { "Items": [item] } });
            let config = json!({ "ResponseHeadersPolicyConfig": { "CorsConfig": cors } });
            resource("AWS::CloudFront::ResponseHeadersPolicy", &config)
        };
        for list in ["AccessControlAllowOrigins", "AccessControlAllowHeaders"] {
            assert_eq!(with(list, "*", false), [], "{list}");
            assert_eq!(with(list, "https://example.com", true), [], "{list}");
            assert_eq!(with(list, "*", true), [Rule::CredentialsForAll], "{list}");
        }
    }
}
