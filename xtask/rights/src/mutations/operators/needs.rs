//! What the commands do themselves in the development environment.

use crate::access::{Access, global, regional};

const REGION: &str = "us-east-1";
const BUCKET: &str = "arn:aws:s3:::pennsieve-cc-lambda-functions-use1";
const KEYS: &str = "parameter/dev/packages-service/cloudfront";

fn all(actions: &[&str], resource: &str) -> Vec<Access> {
    actions.iter().map(|action| Access::new(*action, resource)).collect()
}

fn stack() -> String {
    regional("cloudformation", REGION, "stack/dev-packages-service/id")
}

fn artifact(key: &str) -> String {
    format!("{BUCKET}/packages-service/{key}")
}

fn parameter(path: &str) -> String {
    regional("ssm", REGION, path)
}

fn queue(name: &str) -> String {
    regional("sqs", REGION, name)
}

/// Returns what the commands do that only read.
pub(super) fn reading() -> Vec<Access> {
    let distribution = global("cloudfront", "distribution/E1");
    [
        // `status`, `outputs`: the stack, its resources, and why a deployment failed.
        all(
            &[
                "cloudformation:DescribeEvents",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStackResources",
                "cloudformation:DescribeStacks",
                "cloudformation:ListStackResources",
            ],
            &stack(),
        ),
        // `diff`: the deployed template, with the values that its parameters had.
        all(&["cloudformation:GetTemplate"], &stack()),
        all(&["ssm:GetParameters"], &parameter("parameter/dev/platform/jobs-queue-arn")),
        // `diff`: names that are taken.
        all(
            &[
                "cloudformation:GetResource",
                "cloudformation:ListResources",
                "cloudfront:ListCachePolicies",
                "cloudfront:ListDistributions",
                "cloudfront:ListKeyGroups",
                "cloudfront:ListOriginAccessControls",
                "cloudfront:ListResponseHeadersPolicies",
            ],
            "*",
        ),
        all(&["cloudfront:ListDomainConflicts"], &distribution),
        // `diff`, `releases`: the releases and their code.
        vec![Access::new("s3:ListBucket", BUCKET).with("s3:prefix", "packages-service/releases/dev/")],
        all(&["s3:GetObject"], &artifact("releases/dev/1.json")),
        // `drift`.
        all(
            &[
                "cloudformation:DescribeStackResourceDrifts",
                "cloudformation:DetectStackDrift",
                "cloudformation:DetectStackResourceDrift",
            ],
            &stack(),
        ),
        all(
            &[
                "cloudformation:BatchDescribeTypeConfigurations",
                "cloudformation:DescribeStackDriftDetectionStatus",
            ],
            "*",
        ),
        // `keys status`.
        all(&["ssm:GetParameter"], &parameter(&format!("{KEYS}/key-ring"))),
        all(&["ssm:GetParameter"], &parameter(&format!("{KEYS}/public-key/0123456789ab"))),
        all(
            &[
                "cloudfront:GetKeyGroup",
                "cloudfront:GetPublicKey",
                "cloudfront:ListPublicKeys",
                "ssm:DescribeParameters",
            ],
            "*",
        ),
        all(&["cloudfront:GetDistribution"], &distribution),
        // `status`, `metrics`: alarms, metrics, queues and functions.
        all(&["cloudwatch:DescribeAlarms"], &regional("cloudwatch", REGION, "alarm:*")),
        all(&["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"], "*"),
        all(&["sqs:GetQueueAttributes"], &queue("dev-restore-package-queue-use1")),
        // `queue status`: dead letters are received to show them, and become visible again at once.
        all(
            &["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"],
            &queue("dev-restore-package-dead-letter-queue-use1"),
        ),
        // `traces`.
        all(&["xray:BatchGetTraces", "xray:GetTraceSummaries"], "*"),
        // `logs`.
        all(
            &["logs:FilterLogEvents"],
            &regional("logs", REGION, "log-group:/aws/lambda/dev-packages-service-restore-lambda-use1:*"),
        ),
        // `doctor` simulates the policies of its caller.
        all(&["iam:GetRole", "iam:SimulatePrincipalPolicy"], &global("iam", "role/Reviewer")),
    ]
    .concat()
}

/// Returns what the commands do that change something.
pub(super) fn changing() -> Vec<Access> {
    [
        // `deploy`, `rollback`, `destroy`.
        all(
            &[
                "cloudformation:ContinueUpdateRollback",
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeChangeSet",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:RollbackStack",
                "cloudformation:UpdateStack",
                "cloudformation:UpdateTerminationProtection",
            ],
            &stack(),
        ),
        all(&["s3:DeleteObject", "s3:PutObject"], &artifact("locks/dev.json")),
        // `drift --repair`.
        all(&["cloudformation:GetResourceRequestStatus", "cloudformation:UpdateResource"], "*"),
        // `publish`.
        all(&["s3:CreateBucket", "s3:PutBucketPublicAccessBlock"], BUCKET),
        all(&["s3:PutObject"], &artifact("releases/dev/1.json")),
        // `keys generate`, `keys rotate`, `keys retire`.
        all(
            &["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"],
            &parameter(&format!("{KEYS}/private-key/0123456789ab")),
        ),
        // `queue redrive`.
        all(&["sqs:DeleteMessage"], &queue("dev-restore-package-dead-letter-queue-use1")),
        all(&["sqs:SendMessage"], &queue("dev-restore-package-queue-use1")),
    ]
    .concat()
}
