//! Subscription filters of log groups.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::referenced_resource;
use crate::rule::Rule;
use crate::violation::Violation;

const SUBSCRIPTION_FILTER: &str = "AWS::Logs::SubscriptionFilter";

/// It was 2 until 2026: <https://github.com/aws-cloudformation/cfn-lint/pull/4688>.
const MAXIMUM_FILTERS: usize = 5;

pub(super) fn check_roles(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type(SUBSCRIPTION_FILTER)
        .filter_map(|(id, filter)| {
            let service = filter.properties["DestinationArn"].as_str()?.split(':').nth(2)?;
            let has_role = filter.properties.get("RoleArn").is_some();
            let message = match (service, has_role) {
                ("kinesis" | "firehose", false) => {
                    format!("destinationArn for vendor {service} cannot be used without roleArn")
                }
                ("lambda", true) => {
                    format!("destinationArn for vendor {service} cannot be used with roleArn")
                }
                _ => return None,
            };
            Some(Violation::of_property(Rule::SubscriptionRole, id, "/RoleArn", message))
        })
        .collect()
}

/// A removed filter is deleted only after the others have changed, so it counts too.
pub(super) fn check_counts(context: &Context<'_>) -> Vec<Violation> {
    let mut filters: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let deployed = context.deployed.into_iter().flat_map(|template| template.of_type(SUBSCRIPTION_FILTER));
    let removed = deployed.filter(|(id, _)| !context.template.resources.contains_key(id));
    for (id, filter) in removed.chain(context.template.of_type(SUBSCRIPTION_FILTER)) {
        if let Some(log_group) = log_group(context, &filter.properties["LogGroupName"]) {
            filters.entry(log_group).or_default().push(id);
        }
    }
    filters
        .into_values()
        .filter(|ids| ids.len() > MAXIMUM_FILTERS)
        .filter_map(|ids| {
            let id = ids.last()?;
            let message = "Resource limit exceeded.";
            Some(Violation::of_property(Rule::TooManySubscriptionFilters, id, "/LogGroupName", message))
        })
        .collect()
}

/// Returns the name of a log group, or what identifies one that has no custom name.
fn log_group(context: &Context<'_>, value: &Value) -> Option<String> {
    if let Some(name) = value.as_str() {
        return Some(name.to_owned());
    }
    let id = referenced_resource(value)?;
    let resource = context.template.resources.get(id);
    let name = resource.and_then(|group| group.properties["LogGroupName"].as_str());
    Some(name.map_or_else(|| format!("${{{id}}}"), str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn filter(properties: &Value) -> Value {
        json!({ "Type": "AWS::Logs::SubscriptionFilter", "Properties": properties })
    }

    fn filters(count: usize) -> Value {
        let filters = (0..count).map(|index| {
            // One group has the name, the other refers to it.
            let group = if index == 0 { json!("group") } else { json!({ "Ref": "Group" }) };
            (format!("Filter{index}"), filter(&json!({ "LogGroupName": group })))
        });
        let group = json!({ "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "group" } });
        Value::Object(filters.chain([("Group".to_owned(), group)]).collect::<Map<_, _>>())
    }

    #[test]
    fn log_group_has_five_filters_at_most() {
        assert_eq!(rules(&Request::of_resources(&filters(5))), []);
        assert_eq!(rules(&Request::of_resources(&filters(6))), [Rule::TooManySubscriptionFilters]);
    }

    #[test]
    fn removed_filter_still_counts() {
        let mut deployed = filters(5);
        deployed["Old"] = deployed["Filter0"].take();
        assert_eq!(rules(&Request::of_update(&deployed, &filters(5))), [Rule::TooManySubscriptionFilters]);
    }

    #[test]
    fn role_is_set_for_streams_only() {
        let with = |service: &str, has_role: bool| {
            let mut properties = json!({ "DestinationArn": format!("arn:aws:{service}:us-east-1:1:target"), "LogGroupName": "group" });
            if has_role {
                properties["RoleArn"] = "arn:aws:iam::1:role/role".into();
            }
            rules(&Request::of_resources(&json!({ "Filter": filter(&properties) })))
        };
        assert_eq!(with("kinesis", true), []);
        assert_eq!(with("kinesis", false), [Rule::SubscriptionRole]);
        assert_eq!(with("firehose", false), [Rule::SubscriptionRole]);
        assert_eq!(with("lambda", false), []);
        assert_eq!(with("lambda", true), [Rule::SubscriptionRole]);
        assert_eq!(with("logs", true), []);
        assert_eq!(with("logs", false), []);
    }
}
