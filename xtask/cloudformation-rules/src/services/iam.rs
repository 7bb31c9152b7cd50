//! Policies of roles.

use serde_json::Value;

use crate::check::Context;
use crate::intrinsics::is_unknown;
use crate::rule::Rule;
use crate::services::{items, known_bytes};
use crate::template::Resource;
use crate::violation::Violation;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MAXIMUM_BYTES_OF_INLINE_POLICIES: usize = 10_240;
const MAXIMUM_BYTES_OF_TRUST_POLICY: usize = 2_048;

/// Properties that a statement must have at least one of, or must not have, and the message.
struct StatementRule {
    names: &'static [&'static str],
    is_wanted: bool,
    message: &'static str,
}

const TRUST_STATEMENT: &[StatementRule] = &[
    StatementRule {
        names: &["Resource", "NotResource"],
        is_wanted: false,
        message: "Has prohibited field Resource",
    },
    StatementRule {
        names: &["Principal", "NotPrincipal"],
        is_wanted: true,
        message: "Missing required field Principal",
    },
    StatementRule {
        names: &["Action", "NotAction"],
        is_wanted: true,
        message: "Missing required field Action",
    },
];

const INLINE_STATEMENT: &[StatementRule] = &[
    StatementRule {
        names: &["Principal", "NotPrincipal"],
        is_wanted: false,
        message: "Policy document should not specify a principal.",
    },
    StatementRule {
        names: &["Resource", "NotResource"],
        is_wanted: true,
        message: "Policy statement must contain resources.",
    },
    StatementRule {
        names: &["Action", "NotAction"],
        is_wanted: true,
        message: "Policy statement must contain actions.",
    },
];

pub(super) fn check(context: &Context<'_>) -> Vec<Violation> {
    context
        .template
        .of_type("AWS::IAM::Role")
        .flat_map(|(id, role)| {
            let trust = "/AssumeRolePolicyDocument";
            let document = &role.properties["AssumeRolePolicyDocument"];
            let mut violations = check_document(Rule::TrustPolicy, TRUST_STATEMENT, id, trust, document);
            for (index, policy) in items(&role.properties["Policies"]).iter().enumerate() {
                let pointer = format!("/Policies/{index}/PolicyDocument");
                let document = &policy["PolicyDocument"];
                violations.extend(check_document(Rule::RolePolicy, INLINE_STATEMENT, id, &pointer, document));
            }
            violations.extend(check_sizes(id, role));
            violations
        })
        .collect()
}

fn check_document(
    rule: Rule,
    statement_rules: &[StatementRule],
    id: &str,
    pointer: &str,
    document: &Value,
) -> Vec<Violation> {
    let statements = &document["Statement"];
    let statements =
        if statements.is_object() { std::slice::from_ref(statements) } else { items(statements) };
    let mut violations = Vec::new();
    for (index, statement) in statements.iter().enumerate().filter(|(_, statement)| !is_unknown(statement)) {
        for wanted in statement_rules {
            let has = wanted.names.iter().any(|name| statement.get(*name).is_some());
            if has != wanted.is_wanted {
                let pointer = format!("{pointer}/Statement/{index}");
                violations.push(Violation::of_property(rule, id, &pointer, wanted.message));
            }
        }
    }
    violations
}

fn check_sizes(id: &str, role: &Resource<'_>) -> Vec<Violation> {
    let documents = items(&role.properties["Policies"]).iter().map(|policy| &policy["PolicyDocument"]);
    let inline: usize = documents.map(known_bytes).sum();
    let trust = known_bytes(&role.properties["AssumeRolePolicyDocument"]);
    let mut violations = Vec::new();
    if inline > MAXIMUM_BYTES_OF_INLINE_POLICIES {
        let message =
            format!("Maximum policy size of {MAXIMUM_BYTES_OF_INLINE_POLICIES} bytes exceeded for role {id}");
        violations.push(Violation::of_property(Rule::RolePolicySize, id, "/Policies", message));
    }
    if trust > MAXIMUM_BYTES_OF_TRUST_POLICY {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {MAXIMUM_BYTES_OF_TRUST_POLICY}");
        violations.push(Violation::of_property(
            Rule::RolePolicySize,
            id,
            "/AssumeRolePolicyDocument",
            message,
        ));
    }
    violations
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::rule::Rule;
    use crate::testing::{Request, messages, role, rules};

    fn with_policy(document: &Value) -> Request {
        let mut role = role();
        role["Properties"]["Policies"] = json!([{ "PolicyName": "policy", "PolicyDocument": document }]);
        Request::of_resources(&json!({ "Role": role }))
    }

    fn with_trust(statement: Value) -> Request {
        let mut role = role();
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"] = statement;
        Request::of_resources(&json!({ "Role": role }))
    }

    #[test]
    fn trust_policy_has_a_principal_and_no_resource() {
        let (allow, principal) = ("sts:AssumeRole", json!({ "Service": "lambda.amazonaws.com" }));
        assert_eq!(rules(&with_trust(json!({ "Action": allow, "Principal": principal }))), []);
        let with_resource = json!([{ "Action": allow, "Principal": principal, "Resource": "*" }]);
        assert_eq!(messages(&with_trust(with_resource)), ["Has prohibited field Resource"]);
        assert_eq!(messages(&with_trust(json!([{ "Action": allow }]))), ["Missing required field Principal"]);
    }

    #[test]
    fn inline_policy_has_resources_and_actions_and_no_principal() {
        let statement = |statement: Value| with_policy(&json!({ "Statement": [statement] }));
        assert_eq!(rules(&statement(json!({ "Action": "s3:GetObject", "Resource": "*" }))), []);
        for statement in [
            json!({ "Action": "s3:GetObject" }),
            json!({ "Resource": "*" }),
            json!({ "Action": "s3:GetObject", "Resource": "*", "Principal": "*" }),
        ] {
            let request = with_policy(&json!({ "Statement": [statement] }));
            assert_eq!(rules(&request), [Rule::RolePolicy], "{statement}");
        }
    }

    #[test]
    fn trust_policy_has_a_limited_size() {
        let of_bytes = |bytes: usize| {
            let mut role = role();
            role["Properties"]["AssumeRolePolicyDocument"] = "a".repeat(bytes - 2).into();
            rules(&Request::of_resources(&json!({ "Role": role })))
        };
        assert_eq!(of_bytes(2_048), []);
        assert_eq!(of_bytes(2_049), [Rule::RolePolicySize]);
    }

    #[test]
    fn inline_policies_have_a_limited_size() {
        let of_bytes = |bytes: usize| with_policy(&json!("a".repeat(bytes - 2)));
        assert_eq!(rules(&of_bytes(10_240)), []);
        assert_eq!(rules(&of_bytes(10_241)), [Rule::RolePolicySize]);
    }
}
