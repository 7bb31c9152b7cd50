//! What is forbidden to operators.

use crate::access::{Access, global, regional};

const REGION: &str = "us-east-1";
const ARTIFACTS: &str = "arn:aws:s3:::pennsieve-cc-lambda-functions-use1";

/// Returns what is forbidden to reviewers, who change nothing and read no secrets.
pub(super) fn to_reviewers() -> Vec<Access> {
    let private_key = private_key_of("dev");
    let mut forbidden = to_deployers();
    forbidden.extend(["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParameterHistory"].map(|action| {
        // A private key signs URLs of all assets.
        Access::new(action, &private_key)
    }));
    // A received message is invisible to the restore function for a while.
    let queue = regional("sqs", REGION, "dev-restore-package-queue-use1");
    forbidden.push(Access::new("sqs:ReceiveMessage", queue));
    let stack = regional("cloudformation", REGION, "stack/dev-packages-service/id");
    forbidden.push(Access::new("cloudformation:CreateChangeSet", stack));
    forbidden
}

/// Returns what is forbidden to deployers: changes of other environments, and roles with more permissions.
pub(super) fn to_deployers() -> Vec<Access> {
    let role = |id: &str| global("iam", &format!("role/{id}"));
    let (own_role, other_role) = (role("dev-packages-service-ApiFunctionRole-ABC"), role("Administrator"));
    let boundary = global("iam", "policy/boundary");
    let function = |name: &str| regional("lambda", REGION, &format!("function:{name}"));
    let mapping = regional("lambda", REGION, "event-source-mapping:1");
    let of_other_function = |access: Access| access.with("lambda:FunctionArn", function("other"));
    vec![
        // Roles of the service are passed to Lambda only; other roles are not passed.
        Access::new("iam:PassRole", &own_role).with("iam:PassedToService", "ec2.amazonaws.com"),
        Access::new("iam:PassRole", &other_role).with("iam:PassedToService", "lambda.amazonaws.com"),
        Access::new("sts:AssumeRole", &own_role),
        // Roles have the boundary.
        Access::new("iam:CreateRole", &own_role),
        Access::new("iam:PutRolePolicy", &own_role),
        Access::new("iam:PutRolePolicy", &other_role).with("iam:PermissionsBoundary", &boundary),
        Access::new("iam:PutRolePermissionsBoundary", &own_role)
            .with("iam:PermissionsBoundary", global("iam", "policy/other")),
        Access::new("iam:DeleteRolePermissionsBoundary", &own_role),
        Access::new("iam:AttachRolePolicy", &own_role),
        Access::new("lambda:UpdateFunctionCode", function("other")),
        of_other_function(Access::on_everything("lambda:CreateEventSourceMapping")),
        of_other_function(Access::new("lambda:UpdateEventSourceMapping", &mapping)),
        of_other_function(Access::new("lambda:GetEventSourceMapping", &mapping)),
        Access::new(
            "cloudformation:DeleteStack",
            regional("cloudformation", REGION, "stack/prod-packages-service/id"),
        ),
        // Only artifacts of this service and environment are written, and only the lock is deleted.
        Access::new("s3:ListBucket", ARTIFACTS).with("s3:prefix", "other-service/"),
        Access::new("s3:GetObject", format!("{ARTIFACTS}/other-service/key")),
        Access::new("s3:PutObject", format!("{ARTIFACTS}/packages-service/releases/prod/1.json")),
        Access::new("s3:DeleteObject", format!("{ARTIFACTS}/packages-service/api/code.zip")),
        Access::new("s3:DeleteBucket", "arn:aws:s3:::other"),
        Access::new("s3:PutBucketAcl", "arn:aws:s3:::pennsieve-dev-pkg-assets-use1"),
        Access::new("ssm:GetParameter", private_key_of("prod")),
        Access::new("sqs:SendMessage", regional("sqs", REGION, "other")),
    ]
}

fn private_key_of(environment: &str) -> String {
    let path = format!("parameter/{environment}/packages-service/cloudfront/private-key/0123456789ab");
    regional("ssm", REGION, &path)
}
