//! What the commands call themselves, those that look and those that change.
//!
//! `sts:GetCallerIdentity`, which all of them begin with, needs no right:
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.

use super::Right;
use super::target::Target;

pub(super) const REVIEW: &[Right] = &[
    // What is deployed, and what has become of it: `diff`, `status`, `outputs`, `drift`.
    (
        Target::Stack,
        &[
            "cloudformation:DescribeEvents",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DescribeStackResources",
            "cloudformation:DescribeStacks",
            "cloudformation:DetectStackDrift",
            "cloudformation:DetectStackResourceDrift",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
        ],
    ),
    // The types' configurations are what drift detection begins with:
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    (
        Target::Unnamed,
        &[
            "cloudformation:BatchDescribeTypeConfigurations",
            "cloudformation:DescribeStackDriftDetectionStatus",
        ],
    ),
    // What exists already of what a new stack would create. Cloud Control reads it in the caller's name, for which the
    // rights are those of drift detection.
    (Target::Unnamed, &["cloudformation:GetResource", "cloudformation:ListResources"]),
    (
        Target::Unnamed,
        &[
            "cloudfront:ListCachePolicies",
            "cloudfront:ListDistributions",
            "cloudfront:ListKeyGroups",
            "cloudfront:ListOriginAccessControls",
            "cloudfront:ListResponseHeadersPolicies",
        ],
    ),
    (Target::Distributions, &["cloudfront:ListDomainConflicts"]),
    // The release manifests and the code: `releases`, `diff`. CloudFormation reads both in the caller's name too.
    (Target::ArtifactList, &["s3:ListBucket"]),
    (Target::Artifacts, &["s3:GetObject"]),
    // What the environment says of the platform, and what it said before.
    (Target::PlatformParameters, &["ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters"]),
    // `keys status`. That a private key is there, a list of names says.
    (Target::PublicKeyParameters, &["ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters"]),
    (Target::Unnamed, &["cloudfront:ListPublicKeys", "ssm:DescribeParameters"]),
    (Target::Distributions, &["cloudfront:GetDistribution"]),
    (Target::Unnamed, &["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey"]),
    // `status`, `queue status`, `logs`. Dead letters are received to be shown, and put back at once.
    (Target::AlarmList, &["cloudwatch:DescribeAlarms"]),
    (Target::Unnamed, &["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"]),
    (Target::Queues, &["sqs:GetQueueAttributes"]),
    (Target::DeadLetterQueue, &["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"]),
    (Target::Functions, &["lambda:GetFunctionConfiguration"]),
    (Target::LogGroups, &["logs:FilterLogEvents"]),
];

pub(super) const DEPLOYMENT: &[Right] = &[
    // `deploy`, `rollback`, `keys`, `destroy`.
    (
        Target::Stack,
        &[
            "cloudformation:ContinueUpdateRollback",
            "cloudformation:CreateChangeSet",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DeleteStack",
            "cloudformation:DescribeChangeSet",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:RollbackStack",
            "cloudformation:UpdateTerminationProtection",
            "cloudformation:UpdateStack",
        ],
    ),
    // `publish`, and the first deployment, which makes the bucket.
    (Target::ArtifactBucket, &["s3:CreateBucket", "s3:PutBucketPublicAccessBlock"]),
    (Target::WrittenArtifacts, &["s3:PutObject"]),
    (Target::DeploymentLock, &["s3:DeleteObject", "s3:PutObject"]),
    // `keys generate`, `rotate`, `retire`, `import`; a rotation signs its probe with the private key.
    (
        Target::KeyParameters,
        &[
            "ssm:DeleteParameter",
            "ssm:DeleteParameters",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:PutParameter",
        ],
    ),
    // `queue redrive`.
    (Target::DeadLetterQueue, &["sqs:DeleteMessage"]),
    (Target::RestoreQueue, &["sqs:SendMessage"]),
];
