//! Actions that a handler takes only for some properties.

use serde_json::Value as Json;

use super::ResourceChange;

/// An action, or the prefix of several actions with a `*`, and the property that needs it.
type Optional = (&'static str, &'static str);

/// In place of a property: the action is never needed, because it undoes a property that an update removes. None of our
/// templates removes one; a template that does needs the permission first.
const NEVER: &str = "";

const OPTIONAL: [Optional; 65] = [
    ("cloudfront:CreateConnectionGroup", "/DistributionConfig/ConnectionMode"),
    ("cloudfront:CreateDistributionWithTags", "/Tags"),
    ("cloudfront:GetConnectionGroup", "/DistributionConfig/ConnectionMode"),
    ("cloudfront:GetVpcOrigin", "/DistributionConfig/VpcOriginConfig"),
    ("cloudfront:UpdateDistributionWithStagingConfig", "/DistributionConfig/Staging"),
    ("ec2:*", "/VpcConfig"),
    ("elasticfilesystem:*", "/FileSystemConfigs"),
    ("firehose:*", "/DataProtectionPolicy"),
    ("iam:AttachRolePolicy", "/ManagedPolicyArns"),
    ("iam:DeleteRolePermissionsBoundary", NEVER),
    ("iam:DetachRolePolicy", "/ManagedPolicyArns"),
    ("iam:PutRolePermissionsBoundary", "/PermissionsBoundary"),
    ("iam:TagRole", "/Tags"),
    ("iam:UntagRole", "/Tags"),
    ("kms:*", "/KmsKeyArn"),
    ("lambda:AssociateRuntimeAlias", "/RuntimeManagementConfig"),
    ("lambda:DeleteFunctionCodeSigningConfig", NEVER),
    ("lambda:DeleteFunctionConcurrency", NEVER),
    ("lambda:GetCodeSigningConfig", "/CodeSigningConfigArn"),
    ("lambda:GetLayerVersion", "/Layers"),
    ("lambda:PassCapacityProvider", "/CapacityProviderConfig"),
    ("lambda:PublishVersion", "/PublishToLatestPublished"),
    ("lambda:PutFunctionCodeSigningConfig", "/CodeSigningConfigArn"),
    ("lambda:PutFunctionConcurrency", "/ReservedConcurrentExecutions"),
    ("lambda:PutFunctionRecursionConfig", "/RecursiveLoop"),
    ("lambda:PutFunctionScalingConfig", "/FunctionScalingConfig"),
    ("lambda:PutRuntimeManagementConfig", "/RuntimeManagementConfig"),
    ("logs:AssociateKmsKey", "/KmsKeyId"),
    ("logs:DeleteDataProtectionPolicy", "/DataProtectionPolicy"),
    ("logs:DeleteIndexPolicy", NEVER),
    ("logs:DeleteResourcePolicy", NEVER),
    ("logs:DeleteRetentionPolicy", NEVER),
    ("logs:DisassociateKmsKey", NEVER),
    ("logs:PutBearerTokenAuthentication", "/BearerTokenAuthenticationEnabled"),
    ("logs:PutDataProtectionPolicy", "/DataProtectionPolicy"),
    ("logs:PutIndexPolicy", "/FieldIndexPolicies"),
    ("logs:PutLogGroupDeletionProtection", "/DeletionProtectionEnabled"),
    ("s3:CreateBucketMetadataTableConfiguration", "/MetadataTableConfiguration"),
    ("s3:DeleteBucketAnalyticsConfiguration", NEVER),
    ("s3:DeleteBucketCors", NEVER),
    ("s3:DeleteBucketEncryption", NEVER),
    ("s3:DeleteBucketLifecycle", NEVER),
    ("s3:DeleteBucketMetadataTableConfiguration", NEVER),
    ("s3:DeleteBucketMetricsConfiguration", NEVER),
    ("s3:DeleteBucketReplication", NEVER),
    ("s3:DeleteBucketWebsite", NEVER),
    ("s3:GetBucketAcl", "/AccessControl"),
    ("s3:GetObjectVersion", "/Code/S3ObjectVersion"),
    ("s3:PutAccelerateConfiguration", "/AccelerateConfiguration"),
    ("s3:PutAnalyticsConfiguration", "/AnalyticsConfigurations"),
    ("s3:PutBucketAbac", "/AbacStatus"),
    ("s3:PutBucketAcl", "/AccessControl"),
    ("s3:PutBucketLogging", "/LoggingConfiguration"),
    ("s3:PutBucketNotification", "/NotificationConfiguration"),
    ("s3:PutBucketObjectLockConfiguration", "/ObjectLockConfiguration"),
    ("s3:PutBucketReplication", "/ReplicationConfiguration"),
    ("s3:PutBucketWebsite", "/WebsiteConfiguration"),
    ("s3:PutIntelligentTieringConfiguration", "/IntelligentTieringConfigurations"),
    ("s3:PutInventoryConfiguration", "/InventoryConfigurations"),
    ("s3:PutMetricsConfiguration", "/MetricsConfigurations"),
    ("s3:PutObject*", "/ObjectLockConfiguration"),
    ("s3:PutReplicationConfiguration", "/ReplicationConfiguration"),
    ("s3:REST.PUT.OBJECT", "/DataProtectionPolicy"),
    ("s3:UpdateBucketMetadata*", "/MetadataTableConfiguration"),
    ("s3tables:*", "/MetadataTableConfiguration"),
];

/// Whether an action is only for a property that the resource does not have.
pub(super) fn is_unused(change: &ResourceChange, action: &str) -> bool {
    let names = |(pattern, _): &&Optional| match pattern.strip_suffix('*') {
        Some(beginning) => action.starts_with(beginning),
        None => action == *pattern,
    };
    let property = match (change.resource_type.as_str(), action) {
        // The same actions are for other properties of other types.
        ("AWS::S3::Bucket", "iam:PassRole") => "/ReplicationConfiguration",
        // CloudFormation does not empty buckets.
        ("AWS::S3::Bucket", "s3:DeleteObject") => NEVER,
        ("AWS::ApiGatewayV2::Api", "s3:getObject") => "/BodyS3Location",
        ("AWS::Logs::SubscriptionFilter", "iam:PassRole") => "/RoleArn",
        ("AWS::Lambda::Function", "s3:GetObject") => "/Code/S3Key",
        ("AWS::Lambda::Function", "s3files:ListMountTargets") => "/FileSystemConfigs",
        _ => match OPTIONAL.iter().find(names) {
            Some((_, property)) => property,
            None => return false,
        },
    };
    property == NEVER || change.properties.pointer(property).is_none_or(Json::is_null)
}
