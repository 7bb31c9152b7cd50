//! Numbers with stricter limits than those in the schemas.

use crate::check::Context;
use crate::rule::Rule;
use crate::services::number;
use crate::violation::Violation;

/// The range of a property.
struct Limit {
    rule: Rule,
    resource_type: &'static str,
    /// The JSON pointer inside the properties.
    pointer: &'static str,
    range: std::ops::RangeInclusive<i64>,
    /// A property that lifts the limit.
    unless: Option<&'static str>,
}

/// Functions of Lambda Managed Instances, which have a capacity provider, may run longer and with more memory.
const CAPACITY_PROVIDER: Option<&str> = Some("CapacityProviderConfig");

const LIMITS: &[Limit] = &[
    Limit {
        rule: Rule::FunctionTimeout,
        resource_type: "AWS::Lambda::Function",
        pointer: "/Timeout",
        range: 1..=900,
        unless: CAPACITY_PROVIDER,
    },
    Limit {
        rule: Rule::FunctionMemory,
        resource_type: "AWS::Lambda::Function",
        pointer: "/MemorySize",
        range: 128..=10_240,
        unless: CAPACITY_PROVIDER,
    },
    Limit {
        rule: Rule::MaximumReceives,
        resource_type: "AWS::SQS::Queue",
        pointer: "/RedrivePolicy/maxReceiveCount",
        range: 1..=1_000,
        unless: None,
    },
];

pub(super) fn check(context: &Context<'_>) -> Vec<Violation> {
    LIMITS.iter().flat_map(|limit| check_limit(context, limit)).collect()
}

fn check_limit(context: &Context<'_>, limit: &Limit) -> Vec<Violation> {
    context
        .template
        .of_type(limit.resource_type)
        .filter(|(_, resource)| limit.unless.is_none_or(|name| resource.properties.get(name).is_none()))
        .filter_map(|(id, resource)| {
            let value = number(resource.properties.pointer(limit.pointer)?)?;
            let constraint = if value < *limit.range.start() {
                format!("Member must have value greater than or equal to {}", limit.range.start())
            } else if value > *limit.range.end() {
                format!("Member must have value less than or equal to {}", limit.range.end())
            } else {
                return None;
            };
            let name = limit.pointer.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
            );
            Some(Violation::of_property(limit.rule, id, limit.pointer, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, rules};

    fn function(properties: &Value) -> Vec<Rule> {
        let function = json!({ "Type": "AWS::Lambda::Function", "Properties": properties });
        rules(&Request::of_resources(&json!({ "Function": function })))
    }

    #[test]
    fn function_runs_for_900_seconds_at_most() {
        assert_eq!(function(&json!({ "Timeout": 900 })), []);
        assert_eq!(function(&json!({ "Timeout": 901 })), [Rule::FunctionTimeout]);
        assert_eq!(function(&json!({ "Timeout": "0" })), [Rule::FunctionTimeout]);
    }

    #[test]
    fn function_has_128_to_10240_megabytes() {
        assert_eq!(function(&json!({ "MemorySize": 10_240 })), []);
        assert_eq!(function(&json!({ "MemorySize": 127 })), [Rule::FunctionMemory]);
        assert_eq!(function(&json!({ "MemorySize": 10_241 })), [Rule::FunctionMemory]);
    }

    #[test]
    fn function_with_a_capacity_provider_has_higher_limits() {
        let properties = json!({ "Timeout": 5_400, "MemorySize": 32_768, "CapacityProviderConfig": {} });
        assert_eq!(function(&properties), []);
    }

    #[test]
    fn message_is_received_1000_times_at_most() {
        let queue = |count: u32| {
            let policy =
                json!({ "maxReceiveCount": count, "deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:queue" });
            let queue = json!({ "Type": "AWS::SQS::Queue", "Properties": { "RedrivePolicy": policy } });
            rules(&Request::of_resources(&json!({ "Queue": queue })))
        };
        assert_eq!(queue(1_000), []);
        assert_eq!(queue(0), [Rule::MaximumReceives]);
        assert_eq!(queue(1_001), [Rule::MaximumReceives]);
    }
}
