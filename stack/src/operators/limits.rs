//! The limits of every policy.

use serde_json::Value as Json;

use crate::cloudformation::{Problem, policy_problems};

/// The size of a managed policy, without white space:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>.
const MAXIMUM_CHARACTERS: usize = 6_144;

/// The actions in the policies that AWS accepts on `*` only.
pub(super) const ACTIONS_WITHOUT_RESOURCE: &[&str] = &[
    // Drift detection has an id of its own and reads the configuration of types; neither belongs to a stack:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DescribeStackDriftDetectionStatus",
    // Cloud Control has no resources of its own:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudcontrolapi.html
    "cloudformation:GetResource",
    "cloudformation:GetResourceRequestStatus",
    "cloudformation:ListResources",
    "cloudformation:UpdateResource",
    // CloudFront has no ARNs for public keys and key groups, nor for resources that do not exist yet:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
    "cloudfront:CreateCachePolicy",
    "cloudfront:CreateDistribution",
    "cloudfront:CreateKeyGroup",
    "cloudfront:CreateOriginAccessControl",
    "cloudfront:CreatePublicKey",
    "cloudfront:CreateResponseHeadersPolicy",
    "cloudfront:DeleteKeyGroup",
    "cloudfront:DeletePublicKey",
    "cloudfront:GetKeyGroup",
    "cloudfront:GetPublicKey",
    "cloudfront:ListCachePolicies",
    "cloudfront:ListDistributions",
    "cloudfront:ListKeyGroups",
    "cloudfront:ListOriginAccessControls",
    "cloudfront:ListPublicKeys",
    "cloudfront:ListResponseHeadersPolicies",
    "cloudfront:UpdateKeyGroup",
    "cloudfront:UpdatePublicKey",
    // Metrics belong to the account:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    // EC2 accepts these only on `*`:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    // A mapping has no id before it is created; the condition names the functions that it may be created for:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    "lambda:CreateEventSourceMapping",
    // Deliveries of vended logs, the resource policies that allow them, and lists belong to the account:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    // A list of parameters contains no values:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    "ssm:DescribeParameters",
    // Traces belong to the account:
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    "xray:BatchGetTraces",
    "xray:GetTraceSummaries",
];

/// Returns what is wrong with a policy.
pub(super) fn problems(name: &str, policy: &Json) -> Vec<Problem> {
    let mut problems = policy_problems(name, policy, ACTIONS_WITHOUT_RESOURCE);
    let count = policy.to_string().len();
    if count > MAXIMUM_CHARACTERS {
        let what = "characters in a policy";
        problems.push(Problem::TooLarge { what, count, limit: MAXIMUM_CHARACTERS });
    }
    problems
}
