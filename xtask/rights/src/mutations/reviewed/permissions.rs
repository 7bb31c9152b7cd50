//! Mutations of policies after which more is allowed.

use serde_json::{Value as Json, json};

use super::super::edit::Edit::{Add, Remove, Set};
use super::Mark::Widening;
use super::{Mark, Mutation, OPENS};

pub(super) fn mutations() -> Vec<Mutation<Mark>> {
    [roles(), resources()].into_iter().flatten().collect()
}

fn allow(what: &Json) -> Json {
    let mut statement = json!({ "Sid": "More", "Effect": "Allow" });
    statement.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
    statement
}

fn roles() -> Vec<Mutation<Mark>> {
    let everything = allow(&json!({ "Action": "s3:*", "Resource": "*" }));
    let except = allow(&json!({ "NotAction": "iam:*", "Resource": "*" }));
    let others = allow(&json!({ "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::secret/*" }));
    let everyone = allow(&json!({ "Action": "sts:AssumeRole", "Principal": "*" }));
    vec![
        (
            "all actions of S3",
            Add("ApiFunctionRole/Policies/function/PolicyDocument/Statement", everything),
            Widening,
        ),
        (
            "all actions except those of IAM",
            Add("ApiFunctionRole/Policies/function/PolicyDocument/Statement", except),
            Widening,
        ),
        (
            "all objects except secrets",
            Add("ApiFunctionRole/Policies/function/PolicyDocument/Statement", others),
            Widening,
        ),
        (
            "one more action",
            Add(
                "RestoreFunctionRole/Policies/function/PolicyDocument/Statement/DeleteRecords/Action",
                json!("dynamodb:Scan"),
            ),
            Widening,
        ),
        (
            "all queues",
            Set(
                "RestoreFunctionRole/Policies/function/PolicyDocument/Statement/Changelog/Resource",
                json!("*"),
            ),
            Widening,
        ),
        (
            "removed denial",
            Remove("ApiFunctionRole/Policies/function/PolicyDocument/Statement/ItsCodeDoesNot"),
            Widening,
        ),
        (
            "denial of fewer actions",
            Remove("ApiFunctionRole/Policies/function/PolicyDocument/Statement/ItsCodeDoesNot/Action/0"),
            Widening,
        ),
        (
            "second policy",
            Add(
                "ApiFunctionRole/Policies",
                json!({ "PolicyName": "more", "PolicyDocument": { "Statement": [allow(&json!({ "Action": "*", "Resource": "*" }))] } }),
            ),
            Widening,
        ),
        ("role without its permissions boundary", Remove("ApiFunctionRole/PermissionsBoundary"), OPENS),
        (
            "managed policy",
            Set(
                "AuthorizerFunctionRole/ManagedPolicyArns",
                json!(["arn:aws:iam::aws:policy/AdministratorAccess"]),
            ),
            Widening,
        ),
        (
            "role that everyone takes",
            Add("ApiFunctionRole/AssumeRolePolicyDocument/Statement", everyone),
            Widening,
        ),
        (
            "role that another service takes",
            Set(
                "ApiFunctionRole/AssumeRolePolicyDocument/Statement/LambdaTakesTheRole/Principal",
                json!({ "Service": "ec2.amazonaws.com" }),
            ),
            Widening,
        ),
    ]
}

fn resources() -> Vec<Mutation<Mark>> {
    let policy = "AssetsBucketPolicy/PolicyDocument/Statement";
    let read = |principal: Json| {
        allow(&json!({ "Action": "s3:GetObject", "Resource": "*", "Principal": principal }))
    };
    let mut not_principal = allow(&json!({ "Action": "s3:GetObject", "Resource": "*" }));
    not_principal["NotPrincipal"] = json!({ "AWS": "000000000000" });
    let send = allow(&json!({ "Action": "sqs:SendMessage", "Resource": "*", "Principal": "*" }));
    let queue_policy = json!({
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": { "Queues": [{ "Ref": "RestoreQueue" }], "PolicyDocument": { "Statement": [send] } },
    });
    vec![
        ("objects for everyone", Add(policy, read(json!("*"))), Widening),
        ("objects for all other accounts", Add(policy, not_principal), Widening),
        (
            "plain HTTP to the bucket",
            Remove("AssetsBucketPolicy/PolicyDocument/Statement/RefusePlainHttp"),
            Widening,
        ),
        ("removed bucket policy", Remove("/Resources/AssetsBucketPolicy"), Widening),
        (
            "all distributions",
            Remove("AssetsBucketPolicy/PolicyDocument/Statement/DistributionReadsObjects/Condition"),
            Widening,
        ),
        ("messages of everyone", Set("/Resources/QueuePolicy", queue_policy), Widening),
        ("calls of any API", Remove("ApiFunctionPermission/SourceArn"), Widening),
        ("calls of everyone", Set("ApiFunctionPermission/Principal", json!("*")), Widening),
        ("all actions on a function", Set("ApiFunctionPermission/Action", json!("lambda:*")), Widening),
    ]
}
