//! `AWS::S3::Bucket`.

mod comparisons;
mod lifecycle;

use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};

attributes!(BucketAttribute { Arn, RegionalDomainName });

properties! {
    Bucket {
        "BucketName" bucket_name: String => Replaces,
        "BucketEncryption" bucket_encryption: BucketEncryption => Plain,
        "CorsConfiguration" cors_configuration: CorsConfiguration => Compared(comparisons::cors),
        "LifecycleConfiguration" lifecycle_configuration: LifecycleConfiguration => Compared(lifecycle::compare),
        "OwnershipControls" ownership_controls: OwnershipControls => Compared(comparisons::object_ownership),
        "PublicAccessBlockConfiguration" public_access_block_configuration: PublicAccessBlock =>
            Compared(comparisons::public_access),
        "VersioningConfiguration" versioning_configuration: Versioning => Compared(comparisons::versioning),
    }

    BucketEncryption {
        "ServerSideEncryptionConfiguration" server_side_encryption_configuration: Vec<EncryptionRule> => Plain,
    }

    EncryptionRule {
        "ServerSideEncryptionByDefault" server_side_encryption_by_default: EncryptionByDefault => Plain,
    }

    EncryptionByDefault {
        "SSEAlgorithm" algorithm: &'static str => Plain,
    }

    CorsConfiguration {
        "CorsRules" cors_rules: Vec<CorsRule> => ComparedByParent,
    }

    CorsRule {
        "AllowedHeaders" allowed_headers: Vec<&'static str> => Plain,
        "AllowedMethods" allowed_methods: Vec<&'static str> => ComparedByParent,
        "AllowedOrigins" allowed_origins: Vec<&'static str> => ComparedByParent,
        "ExposedHeaders" exposed_headers: Vec<&'static str> => Plain,
        "MaxAge" max_age: Number<0, 2_147_483_647> => Plain,
    }

    LifecycleConfiguration {
        "Rules" rules: Vec<LifecycleRule> => ComparedByParent,
    }

    /// A rule for the whole bucket.
    LifecycleRule {
        "Id" id: &'static str => Plain,
        "Status" status: &'static str => ComparedByParent,
        "Transitions" transitions: Vec<Transition> => Plain,
        "NoncurrentVersionExpiration" noncurrent_version_expiration: Option<NoncurrentVersionExpiration> =>
            ComparedByParent,
        "AbortIncompleteMultipartUpload" abort_incomplete_multipart_upload:
            Option<AbortIncompleteMultipartUpload> => ComparedByParent,
    }

    Transition {
        "StorageClass" storage_class: &'static str => Plain,
        "TransitionInDays" transition_in_days: Number<0, 2_147_483_647> => Plain,
    }

    NoncurrentVersionExpiration {
        "NoncurrentDays" noncurrent_days: Number<1, 2_147_483_647> => ComparedByParent,
    }

    AbortIncompleteMultipartUpload {
        "DaysAfterInitiation" days_after_initiation: Number<1, 2_147_483_647> => ComparedByParent,
    }

    OwnershipControls {
        "Rules" rules: Vec<OwnershipRule> => ComparedByParent,
    }

    OwnershipRule {
        "ObjectOwnership" object_ownership: &'static str => ComparedByParent,
    }

    /// The four switches that block public access.
    PublicAccessBlock {
        "BlockPublicAcls" block_public_acls: bool => ComparedByParent,
        "BlockPublicPolicy" block_public_policy: bool => ComparedByParent,
        "IgnorePublicAcls" ignore_public_acls: bool => ComparedByParent,
        "RestrictPublicBuckets" restrict_public_buckets: bool => ComparedByParent,
    }

    Versioning {
        "Status" status: &'static str => ComparedByParent,
    }
}

impl Resource for Bucket {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::S3::Bucket",
        retention: Retention::Always,
        holds_data: true,
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        longest_name: Some(("BucketName", 63)),
        grants: no_grants,
        rights: Rights {
            read: &[(
                Target::Buckets,
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
            deploy: &[(
                Target::Buckets,
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
        properties: Self::PROPERTIES,
        other_replacing: &[],
    };
    type Attribute = BucketAttribute;
}
