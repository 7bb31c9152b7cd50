//! What policies allow together.

use serde_json::json;

use super::*;
use crate::testing::NOW;

fn statement(effect: &str, action: &str, resource: &str) -> Json {
    json!({ "Sid": format!("{effect}Some"), "Effect": effect, "Action": action, "Resource": resource })
}

fn document(statements: &[Json]) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn policies(stored: Json) -> Policies {
    Policies::new(&serde_json::from_value(stored).unwrap())
}

fn with_role(documents: &[Json], boundary: &Json) -> Policies {
    policies(json!({
        "roles": { "role": { "policies": documents, "boundary": boundary } },
        "buckets": {},
        "queues": {},
    }))
}

fn role() -> Principal {
    Principal::Role { role: "role".to_owned(), session: "function".to_owned() }
}

fn operators() -> OperatorPolicies {
    OperatorPolicies::new([], [&document(&[statement("Allow", "sqs:*", "*")])])
}

fn decide(policies: &Policies, principal: Option<&Principal>, access: &Access) -> Result<String, String> {
    let operators = operators();
    let decision = policies.decide(&operators, principal, access, NOW.parse().unwrap());
    decision.map(str::to_owned).map_err(|refusal| refusal.to_string())
}

fn get_object() -> Access {
    Access::new("s3:GetObject", "arn:aws:s3:::bucket/key: with ~ and ü")
}

#[test]
fn statement_that_allows_is_named() {
    let policies =
        with_role(&[document(&[statement("Allow", "s3:GetObject", "arn:aws:s3:::bucket/*")])], &Json::Null);
    assert_eq!(decide(&policies, Some(&role()), &get_object()), Ok("AllowSome".to_owned()));
}

#[test]
fn message_names_principal_action_and_resource() {
    let policies =
        with_role(&[document(&[statement("Allow", "s3:GetObject", "arn:aws:s3:::other/*")])], &Json::Null);
    assert_text(
        &decide(&policies, Some(&role()), &Access::new("s3:GetObject", "arn:aws:s3:::bucket/key"))
            .unwrap_err(),
        "User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to perform: s3:GetObject on \
         resource: \"arn:aws:s3:::bucket/key\" because no identity-based policy allows the s3:GetObject action",
    );
    let everything = Access::on_everything("cloudfront:ListDistributions");
    assert_text(
        &decide(&policies, Some(&role()), &everything).unwrap_err(),
        "User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to perform: \
         cloudfront:ListDistributions because no identity-based policy allows the cloudfront:ListDistributions action",
    );
}

fn assert_text(actual: &str, expected: &str) {
    assert_eq!(actual, expected);
}

#[test]
fn denial_outweighs_everything() {
    let all = statement("Allow", "*", "*");
    let policies = with_role(
        &[document(std::slice::from_ref(&all)), document(&[statement("Deny", "s3:*", "*")])],
        &Json::Null,
    );
    let refusal = decide(&policies, Some(&role()), &get_object()).unwrap_err();
    assert!(refusal.ends_with("with an explicit deny in an identity-based policy"), "{refusal}");
}

#[test]
fn boundary_limits_what_is_allowed() {
    let all = document(&[statement("Allow", "*", "*")]);
    let boundary = |document: Json| json!(["arn:aws:iam::000000000000:policy/boundary", document]);
    let sqs_only = boundary(document(&[statement("Allow", "sqs:*", "*")]));
    let refusal =
        decide(&with_role(std::slice::from_ref(&all), &sqs_only), Some(&role()), &get_object()).unwrap_err();
    assert!(refusal.ends_with("because no permissions boundary allows the s3:GetObject action"), "{refusal}");
    let s3 = boundary(document(&[statement("Allow", "s3:*", "*")]));
    assert!(decide(&with_role(std::slice::from_ref(&all), &s3), Some(&role()), &get_object()).is_ok());
    // One that was deleted allows nothing.
    assert!(decide(&with_role(&[all], &boundary(Json::Null)), Some(&role()), &get_object()).is_err());
}

fn with_bucket_policy(principal: &Json, condition: &Json, effect: &str) -> Policies {
    let mut statement = statement(effect, "s3:GetObject", "arn:aws:s3:::bucket/*");
    statement["Principal"] = principal.clone();
    statement["Condition"] = condition.clone();
    policies(json!({ "roles": {}, "buckets": { "bucket": document(&[statement]) }, "queues": {} }))
}

#[test]
fn bucket_policy_is_enough_for_whom_it_names() {
    let deployer = Principal::Operator(Operator::Deployer);
    let named = with_bucket_policy(&json!({ "AWS": deployer.arn() }), &json!({}), "Allow");
    assert!(decide(&named, Some(&deployer), &get_object()).is_ok());
    assert!(decide(&named, Some(&Principal::Operator(Operator::Reviewer)), &get_object()).is_err());
    let service = with_bucket_policy(&json!({ "Service": "cloudfront.amazonaws.com" }), &json!({}), "Allow");
    assert!(decide(&service, Some(&deployer), &get_object()).is_err());
}

#[test]
fn bucket_policy_that_denies_is_stronger_than_an_administrator() {
    let administrator = Principal::Operator(Operator::Administrator);
    let plain_http = json!({ "Bool": { "aws:SecureTransport": "false" } });
    let insecure = with_bucket_policy(&json!("*"), &plain_http, "Deny");
    assert!(decide(&insecure, Some(&administrator), &get_object()).is_ok());
    let always = with_bucket_policy(&json!("*"), &json!({}), "Deny");
    let refusal = decide(&always, Some(&administrator), &get_object()).unwrap_err();
    assert!(refusal.ends_with("with an explicit deny in a resource-based policy"), "{refusal}");
}

#[test]
fn nobody_reads_a_private_object_without_credentials() {
    let private = with_bucket_policy(&json!({ "Service": "cloudfront.amazonaws.com" }), &json!({}), "Allow");
    assert!(decide(&private, None, &get_object()).is_err());
    let public = with_bucket_policy(&json!("*"), &json!({}), "Allow");
    assert!(decide(&public, None, &get_object()).is_ok());
}

#[test]
fn conditions_are_those_of_the_request() {
    let mut pass = statement("Allow", "iam:PassRole", "*");
    pass["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } });
    let policies = with_role(&[document(&[pass])], &Json::Null);
    let pass_to = |service: &str| {
        let access = Access::new("iam:PassRole", "arn:aws:iam::000000000000:role/a")
            .with("iam:PassedToService", service);
        decide(&policies, Some(&role()), &access)
    };
    assert!(pass_to("lambda.amazonaws.com").is_ok());
    assert!(pass_to("ec2.amazonaws.com").is_err());
    let without = Access::new("iam:PassRole", "arn:aws:iam::000000000000:role/a");
    assert!(decide(&policies, Some(&role()), &without).is_err());
}

#[test]
fn policy_that_cannot_be_read_allows_nothing() {
    let mut unknown = statement("Allow", "*", "*");
    unknown["Condition"] = json!({ "StringIsNearly": { "aws:PrincipalArn": "a" } });
    for document in [Json::Null, json!({ "Statement": "x" }), document(&[unknown])] {
        let policies = with_role(std::slice::from_ref(&document), &Json::Null);
        assert!(decide(&policies, Some(&role()), &get_object()).is_err(), "{document}");
    }
}

#[test]
fn action_without_a_resource_needs_a_policy_for_everything() {
    let list = Access::on_everything("cloudfront:ListDistributions");
    let narrow = statement("Allow", "cloudfront:ListDistributions", "arn:aws:cloudfront::*:distribution/*");
    assert!(decide(&with_role(&[document(&[narrow])], &Json::Null), Some(&role()), &list).is_err());
    let wide = statement("Allow", "cloudfront:ListDistributions", "*");
    assert!(decide(&with_role(&[document(&[wide])], &Json::Null), Some(&role()), &list).is_ok());
}

#[test]
fn actions_match_with_wildcards_and_in_any_case() {
    let is_allowed = |statement: Json| {
        decide(&with_role(&[document(&[statement])], &Json::Null), Some(&role()), &get_object()).is_ok()
    };
    for action in ["s3:GetObject", "S3:getobject", "s3:Get*", "s3:GetObjec?", "*"] {
        assert!(is_allowed(statement("Allow", action, "*")), "{action}");
    }
    for action in ["s3:GetObjectAcl", "s3:PutObject", "s3:GetObjec", "sqs:*"] {
        assert!(!is_allowed(statement("Allow", action, "*")), "{action}");
    }
    let mut others = statement("Allow", "", "*");
    others.as_object_mut().unwrap().remove("Action");
    others["NotAction"] = json!("s3:PutObject");
    assert!(is_allowed(others.clone()));
    others["NotAction"] = json!("s3:GetObject");
    assert!(!is_allowed(others));
}
