//! What CloudFormation does with the rights of whoever calls it, by the type of the resource.
//!
//! The source is what each type's schema says of its handlers: reading is what drift detection does, the others are what
//! a deployment does. What only matters for properties that no template of ours sets is left out; tags are those that
//! CloudFormation itself puts on what it makes.
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>

use super::Right;
use super::target::Target;

/// A resource type, with what is needed to read resources of it, and to make, change and delete them.
pub(super) struct ResourceType {
    pub(super) name: &'static str,
    pub(super) review: &'static [Right],
    pub(super) deployment: &'static [Right],
}

pub(super) const ALL: &[ResourceType] = &[
    ResourceType {
        name: "AWS::ApiGatewayV2::Api",
        review: &[(Target::Apis, &["apigateway:GET"])],
        deployment: &[
            (Target::Apis, &["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]),
            (Target::ApiTags, &["apigateway:DELETE", "apigateway:POST", "apigateway:PUT"]),
            // The gateway takes the role with which it invokes the shared authorizer.
            (Target::AuthorizerRole, &["iam:PassRole"]),
        ],
    },
    ResourceType {
        name: "AWS::ApiGatewayV2::ApiMapping",
        review: &[(Target::ApiMappings, &["apigateway:GET"])],
        deployment: &[(
            Target::ApiMappings,
            &["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
        )],
    },
    ResourceType {
        name: "AWS::ApiGatewayV2::Stage",
        review: &[(Target::Apis, &["apigateway:GET"])],
        deployment: &[
            (
                Target::Apis,
                &[
                    "apigateway:DELETE",
                    "apigateway:PATCH",
                    "apigateway:POST",
                    "apigateway:TagResource",
                    "apigateway:UntagResource",
                ],
            ),
            // The gateway has its access log delivered in the caller's name, which no schema says:
            // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html#http-api-logging.permissions
            (
                Target::Unnamed,
                &[
                    "logs:CreateLogDelivery",
                    "logs:DeleteLogDelivery",
                    "logs:DescribeResourcePolicies",
                    "logs:GetLogDelivery",
                    "logs:ListLogDeliveries",
                    "logs:PutResourcePolicy",
                    "logs:UpdateLogDelivery",
                ],
            ),
        ],
    },
    ResourceType {
        name: "AWS::CloudFront::CachePolicy",
        review: &[(Target::CachePolicies, &["cloudfront:GetCachePolicy"])],
        deployment: &[
            (Target::Unnamed, &["cloudfront:CreateCachePolicy"]),
            (Target::CachePolicies, &["cloudfront:DeleteCachePolicy", "cloudfront:UpdateCachePolicy"]),
        ],
    },
    ResourceType {
        name: "AWS::CloudFront::Distribution",
        review: &[(
            Target::Distributions,
            &[
                "cloudfront:GetDistribution",
                "cloudfront:GetDistributionConfig",
                "cloudfront:ListTagsForResource",
            ],
        )],
        deployment: &[
            (Target::Unnamed, &["cloudfront:CreateDistribution"]),
            (
                Target::Distributions,
                &[
                    "cloudfront:DeleteDistribution",
                    "cloudfront:TagResource",
                    "cloudfront:UntagResource",
                    "cloudfront:UpdateDistribution",
                ],
            ),
        ],
    },
    ResourceType {
        name: "AWS::CloudFront::KeyGroup",
        review: &[(Target::Unnamed, &["cloudfront:GetKeyGroup"])],
        deployment: &[(
            Target::Unnamed,
            &["cloudfront:CreateKeyGroup", "cloudfront:DeleteKeyGroup", "cloudfront:UpdateKeyGroup"],
        )],
    },
    ResourceType {
        name: "AWS::CloudFront::OriginAccessControl",
        review: &[(Target::OriginAccessControls, &["cloudfront:GetOriginAccessControl"])],
        deployment: &[
            (Target::Unnamed, &["cloudfront:CreateOriginAccessControl"]),
            (
                Target::OriginAccessControls,
                &["cloudfront:DeleteOriginAccessControl", "cloudfront:UpdateOriginAccessControl"],
            ),
        ],
    },
    ResourceType {
        name: "AWS::CloudFront::PublicKey",
        review: &[(Target::Unnamed, &["cloudfront:GetPublicKey"])],
        deployment: &[(
            Target::Unnamed,
            &["cloudfront:CreatePublicKey", "cloudfront:DeletePublicKey", "cloudfront:UpdatePublicKey"],
        )],
    },
    ResourceType {
        name: "AWS::CloudFront::ResponseHeadersPolicy",
        review: &[(Target::ResponseHeadersPolicies, &["cloudfront:GetResponseHeadersPolicy"])],
        deployment: &[
            (Target::Unnamed, &["cloudfront:CreateResponseHeadersPolicy"]),
            (
                Target::ResponseHeadersPolicies,
                &["cloudfront:DeleteResponseHeadersPolicy", "cloudfront:UpdateResponseHeadersPolicy"],
            ),
        ],
    },
    ResourceType {
        name: "AWS::CloudWatch::Alarm",
        review: &[
            (Target::AlarmList, &["cloudwatch:DescribeAlarms"]),
            (Target::Alarms, &["cloudwatch:ListTagsForResource"]),
        ],
        deployment: &[(
            Target::Alarms,
            &[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
        )],
    },
    ResourceType {
        name: "AWS::CloudWatch::Dashboard",
        review: &[(Target::Dashboard, &["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"])],
        deployment: &[(
            Target::Dashboard,
            &[
                "cloudwatch:DeleteDashboards",
                "cloudwatch:PutDashboard",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
        )],
    },
    ResourceType {
        name: "AWS::IAM::Role",
        review: &[(
            Target::Roles,
            &["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
        )],
        deployment: &[
            (
                Target::Roles,
                &[
                    "iam:DeleteRole",
                    "iam:UpdateAssumeRolePolicy",
                    "iam:UpdateRole",
                    "iam:UpdateRoleDescription",
                ],
            ),
            (Target::BoundedRoles, &["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy"]),
            (Target::RoleBoundary, &["iam:PutRolePermissionsBoundary"]),
        ],
    },
    ResourceType {
        name: "AWS::Lambda::EventSourceMapping",
        review: &[
            (Target::EventSourceMappings, &["lambda:GetEventSourceMapping"]),
            (Target::EventSourceMappingTags, &["lambda:ListTags"]),
        ],
        deployment: &[
            (Target::NewEventSourceMapping, &["lambda:CreateEventSourceMapping"]),
            (
                Target::EventSourceMappings,
                &["lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"],
            ),
            (Target::EventSourceMappingTags, &["lambda:TagResource", "lambda:UntagResource"]),
        ],
    },
    ResourceType {
        name: "AWS::Lambda::Function",
        review: &[(
            Target::Functions,
            &[
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionRecursionConfig",
                "lambda:GetFunctionScalingConfig",
                "lambda:GetRuntimeManagementConfig",
                "lambda:ListTags",
            ],
        )],
        deployment: &[
            (
                Target::Functions,
                &[
                    "lambda:CreateFunction",
                    "lambda:DeleteFunction",
                    "lambda:TagResource",
                    "lambda:UntagResource",
                    "lambda:UpdateFunctionCode",
                    "lambda:UpdateFunctionConfiguration",
                ],
            ),
            (Target::FunctionRoles, &["iam:PassRole"]),
            // Its subnets and security groups are looked up before it is made, and its network interfaces waited for
            // when it goes.
            (
                Target::Network,
                &[
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
            ),
        ],
    },
    ResourceType {
        name: "AWS::Lambda::Permission",
        review: &[(Target::Functions, &["lambda:GetPolicy"])],
        deployment: &[(Target::Functions, &["lambda:AddPermission", "lambda:RemovePermission"])],
    },
    ResourceType {
        name: "AWS::Logs::LogGroup",
        review: &[
            (Target::LogGroups, &["logs:GetDataProtectionPolicy"]),
            (Target::LogGroupTags, &["logs:ListTagsForResource"]),
            (
                Target::Unnamed,
                &["logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies"],
            ),
        ],
        deployment: &[
            (Target::LogGroups, &["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"]),
            (Target::LogGroupTags, &["logs:TagResource", "logs:UntagResource"]),
        ],
    },
    ResourceType {
        name: "AWS::Logs::SubscriptionFilter",
        review: &[(Target::LogGroups, &["logs:DescribeSubscriptionFilters"])],
        deployment: &[
            (Target::LogGroups, &["logs:DeleteSubscriptionFilter", "logs:PutSubscriptionFilter"]),
            (Target::LogDestination, &["logs:PutSubscriptionFilter"]),
            (Target::LogDestinationRole, &["iam:PassRole"]),
        ],
    },
    ResourceType {
        name: "AWS::S3::Bucket",
        review: &[(
            Target::AssetsBucket,
            &[
                "s3:GetAccelerateConfiguration",
                "s3:GetAnalyticsConfiguration",
                "s3:GetBucketAbac",
                "s3:GetBucketCORS",
                "s3:GetBucketLogging",
                "s3:GetBucketMetadataTableConfiguration",
                "s3:GetBucketNotification",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration",
                "s3:GetIntelligentTieringConfiguration",
                "s3:GetInventoryConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListTagsForResource",
            ],
        )],
        deployment: &[(
            Target::AssetsBucket,
            &[
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:PutBucketCORS",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
                "s3:UntagResource",
            ],
        )],
    },
    ResourceType {
        name: "AWS::S3::BucketPolicy",
        review: &[(Target::AssetsBucket, &["s3:GetBucketPolicy"])],
        deployment: &[(Target::AssetsBucket, &["s3:DeleteBucketPolicy", "s3:PutBucketPolicy"])],
    },
    ResourceType {
        name: "AWS::SQS::Queue",
        review: &[(Target::Queues, &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"])],
        deployment: &[(
            Target::Queues,
            &[
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ],
        )],
    },
];
