//! The actions that the commands call themselves, those that read and those that change something.
//!
//! `sts:GetCallerIdentity`, which all of them start with, needs no permission:
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.

use super::target::Target;
use crate::cloudformation::Right;

pub(super) const REVIEW: &[Right<Target>] = &[
    // `diff`, `status`, `outputs`, `drift`.
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
    // Drift detection starts with the types' configurations:
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    (
        Target::Unnamed,
        &[
            "cloudformation:BatchDescribeTypeConfigurations",
            "cloudformation:DescribeStackDriftDetectionStatus",
        ],
    ),
    // The search for existing resources with the names of a new stack, for resources of the stack that no longer exist,
    // and for additions to them. Cloud Control reads them with the caller's permissions, which are those of drift
    // detection.
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
    // `releases`, `diff`: the release manifests and the code, which CloudFormation reads with the caller's permissions too.
    (Target::ArtifactList, &["s3:ListBucket"]),
    (Target::Artifacts, &["s3:GetObject"]),
    // The platform parameters, which CloudFormation reads with the caller's permissions too.
    (Target::PlatformParameters, &["ssm:GetParameters"]),
    // `keys status`. Names alone show that a private key exists.
    (Target::PublicKeyParameters, &["ssm:GetParameter"]),
    (Target::Unnamed, &["cloudfront:ListPublicKeys", "ssm:DescribeParameters"]),
    (Target::Distributions, &["cloudfront:GetDistribution"]),
    (Target::Unnamed, &["cloudfront:GetKeyGroup", "cloudfront:GetPublicKey"]),
    // `traces`.
    (Target::Unnamed, &["xray:BatchGetTraces", "xray:GetTraceSummaries"]),
    // `status`, `metrics`, `queue status`, `logs`. Dead letters are received to show them, and become visible again at once.
    (Target::AllAlarms, &["cloudwatch:DescribeAlarms"]),
    (
        Target::Unnamed,
        &["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"],
    ),
    (Target::Certificates, &["acm:DescribeCertificate"]),
    (Target::Queues, &["sqs:GetQueueAttributes"]),
    (Target::DeadLetterQueue, &["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"]),
    (Target::LogGroups, &["logs:FilterLogEvents"]),
    // `doctor` simulates the policies of its caller. That of an assumed role is found by its name.
    (Target::Identities, &["iam:GetRole", "iam:SimulatePrincipalPolicy"]),
];

pub(super) const DEPLOYMENT: &[Right<Target>] = &[
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
    // `drift --repair` puts back single properties with the caller's permissions, which are those of a deployment.
    (Target::Unnamed, &["cloudformation:GetResourceRequestStatus", "cloudformation:UpdateResource"]),
    // `publish`, and the first deployment, which creates the bucket.
    (Target::ArtifactBucket, &["s3:CreateBucket", "s3:PutBucketPublicAccessBlock"]),
    (Target::WrittenArtifacts, &["s3:PutObject"]),
    (Target::DeploymentLock, &["s3:DeleteObject", "s3:PutObject"]),
    // `keys generate`, `rotate`, `retire`, `import`; a rotation signs its probe with the private key.
    (Target::KeyParameters, &["ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"]),
    // `queue redrive`.
    (Target::DeadLetterQueue, &["sqs:DeleteMessage"]),
    (Target::RestoreQueue, &["sqs:SendMessage"]),
];
