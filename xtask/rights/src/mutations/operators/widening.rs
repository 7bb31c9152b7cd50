//! Mutations of policies of operators that allow more.

use serde_json::json;

use super::super::edit::Edit::{self, Add, Copy, Remove, Set};

/// Returns mutations that allow an operator a forbidden action.
pub(super) fn mutations() -> Vec<(&'static str, Edit)> {
    let everything = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let all_parameters = json!("arn:aws:ssm:us-east-1:*:parameter/dev/packages-service/*");
    vec![
        ("reviewers do everything", Add("/review/Statement", everything)),
        (
            "reviewers read private keys",
            Add("/review/Statement/PublicKeyParameters/Resource", all_parameters),
        ),
        (
            "reviewers receive waiting messages",
            Copy("/review/Statement/Queues/Resource", "/review/Statement/DeadLetterQueue/Resource"),
        ),
        ("reviewers list all artifacts", Remove("/review/Statement/ArtifactList/Condition")),
        (
            "reviewers read all artifacts",
            Set("/review/Statement/Artifacts/Resource/0", json!("arn:aws:s3:::*")),
        ),
        ("deployers change all stacks", Set("/deployment/Statement/Stack/Resource/0", json!("*"))),
        (
            "deployers write the releases of other environments",
            Add("/deployment/Statement/WrittenArtifacts/Resource", json!("arn:aws:s3:::*/releases/*")),
        ),
        (
            "deployers read the keys of other environments",
            Set("/deployment/Statement/KeyParameters/Resource/0", json!("arn:aws:ssm:*:*:parameter/*")),
        ),
        (
            "deployers delete artifacts",
            Add("/deployment/Statement/WrittenArtifacts/Action", json!("s3:DeleteObject")),
        ),
        (
            "deployers send to all queues",
            Set("/deployment/Statement/RestoreQueue/Resource/0", json!("arn:aws:sqs:*:*:*")),
        ),
        (
            "deployers change all functions",
            Add("/deployment-resources/Statement/Functions/Resource", json!("arn:aws:lambda:*:*:function:*")),
        ),
        (
            "deployers delete all buckets",
            Set("/deployment-resources/Statement/AssetsBucket/Resource/0", json!("arn:aws:s3:::*")),
        ),
        (
            "deployers open the bucket by a list of access",
            Add("/deployment-resources/Statement/AssetsBucket/Action", json!("s3:PutBucketAcl")),
        ),
        ("deployers pass all roles", Set("/deployment-roles/Statement/FunctionRoles/Resource/0", json!("*"))),
        (
            "deployers change all roles",
            Set("/deployment-roles/Statement/BoundedRoles/Resource/0", json!("arn:aws:iam::*:role/*")),
        ),
        (
            "deployers remove the permissions boundary",
            Add("/deployment-roles/Statement/Roles/Action", json!("iam:DeleteRolePermissionsBoundary")),
        ),
        (
            "deployers attach policies",
            Add("/deployment-roles/Statement/Roles/Action", json!("iam:AttachRolePolicy")),
        ),
        ("deployers take roles", Add("/deployment-roles/Statement/Roles/Action", json!("sts:AssumeRole"))),
    ]
}
