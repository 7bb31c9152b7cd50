//! Policies: no wildcards except those that AWS requires.

use serde_json::Value;

use super::problem::Problem;

/// The actions in policies of a template that AWS accepts on `*` only.
pub(super) const ACTIONS_WITHOUT_RESOURCE: &[&str] = &[
    // Traces belong to the account; X-Ray has no other resource for writing them:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    // Lambda creates the network interfaces of a function in a VPC with the function's own role, and rejects a function
    // whose role does not allow these actions on `*`:
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

/// Returns what statements anywhere in a document allow too much; only the listed actions may be allowed on everything.
pub(crate) fn problems(id: &str, document: &Value, without_resource: &[&str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    walk(document, &mut |statement| {
        let actions = strings(&statement["Action"]);
        let mut report = |what: String| problems.push(Problem::Wildcard { id: id.to_owned(), what });
        for action in &actions {
            if action.contains('*') {
                report(format!("the actions `{action}`"));
            }
        }
        for resource in strings(&statement["Resource"]) {
            if is_everything(resource) {
                for action in actions.iter().filter(|action| !without_resource.contains(action)) {
                    report(format!("`{action}` on `{resource}`"));
                }
            }
        }
        let principals = &statement["Principal"];
        if strings(principals)
            .into_iter()
            .chain(strings(&principals["AWS"]))
            .any(|principal| principal == "*")
        {
            report("everyone".to_owned());
        }
    });
    problems
}

fn walk(value: &Value, found: &mut impl FnMut(&Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
        Value::Object(object) if object.get("Effect").is_some_and(|effect| effect == "Allow") => found(value),
        Value::Object(object) => object.values().for_each(|value| walk(value, found)),
        _ => {}
    }
}

/// Returns a string or the strings of a list, also those with placeholders.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(object) => object.get("Fn::Sub").map(strings).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether this is `*` or an ARN that names everything of a service.
///
/// Placeholders such as `${AWS::Region}` contain colons, so they are removed before the ARN is split.
fn is_everything(resource: &str) -> bool {
    let mut plain = String::new();
    for (index, part) in resource.split("${").enumerate() {
        plain.push_str(if index == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) });
        // A placeholder stands for a name, which is not a wildcard.
        if index > 0 && part.split_once('}').is_some_and(|(name, _)| !name.starts_with("AWS::")) {
            return false;
        }
    }
    let named = plain.splitn(6, ':').last().unwrap_or_default();
    !named.is_empty() && named.chars().all(|letter| matches!(letter, '*' | '/'))
}
