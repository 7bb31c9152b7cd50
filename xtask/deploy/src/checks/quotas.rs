//! Checks whether CloudFront's quotas leave room for what a deployment creates.
//!
//! These quotas are small and for the whole account, so a few environments use them up. CloudFormation notices only
//! when it creates the resource: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>.

use anyhow::Result;
use serde_json::Value;

use super::{Check, CheckResult, unknown};
use crate::connection::Connection;
use crate::existing::cloudfront::{self, Kind};

/// Where an account's quotas are shown and raised.
const CONSOLE: &str = "https://console.aws.amazon.com/servicequotas/home/services/cloudfront/quotas";

/// A quota on the number of resources in an account.
struct Quota {
    resource_type: &'static str,
    kind: Kind,
    /// The resources, in the plural.
    name: &'static str,
    /// The value unless the account has another one.
    default: usize,
    /// How many a first deployment creates that no template contains before: those of its first signing key.
    with_first_key: usize,
}

const QUOTAS: &[Quota] = &[
    Quota {
        resource_type: "AWS::CloudFront::CachePolicy",
        kind: Kind::CachePolicy,
        name: "cache policies",
        default: 20,
        with_first_key: 0,
    },
    Quota {
        resource_type: "AWS::CloudFront::KeyGroup",
        kind: Kind::KeyGroup,
        name: "key groups",
        default: 10,
        with_first_key: 1,
    },
    Quota {
        resource_type: "AWS::CloudFront::PublicKey",
        kind: Kind::PublicKey,
        name: "public keys",
        default: 10,
        with_first_key: 1,
    },
    Quota {
        resource_type: "AWS::CloudFront::ResponseHeadersPolicy",
        kind: Kind::ResponseHeadersPolicy,
        name: "response headers policies",
        default: 20,
        with_first_key: 0,
    },
];

/// Checks the quotas, with one result for each that could be too small.
pub(super) async fn check(connection: &Connection, deployed: Option<&Value>, proposed: &Value) -> Vec<Check> {
    match exceeded(connection, deployed, proposed).await {
        Ok(exceeded) if exceeded.is_empty() => {
            vec![Check::new("quotas", CheckResult::Passed("CloudFront's leave room".to_owned()))]
        }
        Ok(exceeded) => {
            exceeded.into_iter().map(|text| Check::new("quota", CheckResult::Unknown(text))).collect()
        }
        Err(error) => vec![Check::new("quotas", unknown(&error))],
    }
}

async fn exceeded(
    connection: &Connection,
    deployed: Option<&Value>,
    proposed: &Value,
) -> Result<Vec<String>> {
    let client = connection.cloudfront();
    let mut exceeded = Vec::new();
    for quota in QUOTAS {
        let needed = quota.needed(deployed, proposed);
        if needed > 0 {
            let existing = cloudfront::names(&client, quota.kind).await?.len();
            exceeded.extend(quota.problem(existing, needed));
        }
    }
    Ok(exceeded)
}

impl Quota {
    /// Returns how many more resources the account would have.
    fn needed(&self, deployed: Option<&Value>, proposed: &Value) -> usize {
        let count = |template: &Value| {
            let resources = template["Resources"].as_object().into_iter().flatten();
            resources.filter(|(_, resource)| resource["Type"] == self.resource_type).count()
        };
        match deployed {
            Some(deployed) => count(proposed).saturating_sub(count(deployed)),
            None => count(proposed).max(self.with_first_key),
        }
    }

    /// Returns what to do if the default quota is too small.
    fn problem(&self, existing: usize, needed: usize) -> Option<String> {
        let Self { name, default, .. } = self;
        (existing + needed > *default).then(|| {
            format!(
                "the account has {existing} {name} and would need {needed} more, but the default quota is {default}\n\
                 look up the account's quota, and raise it or delete unused ones first: {CONSOLE}"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::QUOTAS;

    #[test]
    fn only_additional_resources_count() {
        let [cache_policies, key_groups, ..] = QUOTAS else { panic!("two quotas") };
        let template = |number: usize| -> Value {
            let policy = json!({ "Type": "AWS::CloudFront::CachePolicy" });
            let resources = (0..number).map(|number| (format!("Policy{number}"), policy.clone()));
            json!({ "Resources": resources.collect::<serde_json::Map<_, _>>() })
        };
        assert_eq!(cache_policies.needed(None, &template(2)), 2);
        assert_eq!(cache_policies.needed(Some(&template(2)), &template(3)), 1);
        assert_eq!(cache_policies.needed(Some(&template(2)), &template(1)), 0);
        // The first deployment creates a key, and with it the key group.
        assert_eq!(key_groups.needed(None, &template(0)), 1);
        assert_eq!(key_groups.needed(Some(&template(0)), &template(0)), 0);
        assert_eq!(cache_policies.problem(18, 2), None);
        let problem = cache_policies.problem(19, 2).unwrap();
        assert!(problem.starts_with("the account has 19 cache policies and would need 2 more"), "{problem}");
    }
}
