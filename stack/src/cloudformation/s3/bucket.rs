//! `AWS::S3::Bucket`.

mod judges;
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
        "CorsConfiguration" cors_configuration: CorsConfiguration => Judged(judges::cors),
        "LifecycleConfiguration" lifecycle_configuration: LifecycleConfiguration => Judged(lifecycle::judge),
        "OwnershipControls" ownership_controls: OwnershipControls => Judged(judges::object_ownership),
        "PublicAccessBlockConfiguration" public_access_block_configuration: PublicAccessBlock =>
            Judged(judges::public_access),
        "VersioningConfiguration" versioning_configuration: Versioning => Judged(judges::versioning),
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
        "CorsRules" cors_rules: Vec<CorsRule> => JudgedAround,
    }

    CorsRule {
        "AllowedHeaders" allowed_headers: Vec<&'static str> => Plain,
        "AllowedMethods" allowed_methods: Vec<&'static str> => JudgedAround,
        "AllowedOrigins" allowed_origins: Vec<&'static str> => JudgedAround,
        "ExposedHeaders" exposed_headers: Vec<&'static str> => Plain,
        "MaxAge" max_age: Number<0, 2_147_483_647> => Plain,
    }

    LifecycleConfiguration {
        "Rules" rules: Vec<LifecycleRule> => JudgedAround,
    }

    /// A rule for the whole bucket.
    LifecycleRule {
        "Id" id: &'static str => Plain,
        "Status" status: &'static str => JudgedAround,
        "Transitions" transitions: Vec<Transition> => Plain,
        "NoncurrentVersionExpiration" noncurrent_version_expiration: Option<NoncurrentVersionExpiration> =>
            JudgedAround,
        "AbortIncompleteMultipartUpload" abort_incomplete_multipart_upload:
            Option<AbortIncompleteMultipartUpload> => JudgedAround,
    }

    Transition {
        "StorageClass" storage_class: &'static str => Plain,
        "TransitionInDays" transition_in_days: Number<0, 2_147_483_647> => Plain,
    }

    NoncurrentVersionExpiration {
        "NoncurrentDays" noncurrent_days: Number<1, 2_147_483_647> => JudgedAround,
    }

    AbortIncompleteMultipartUpload {
        "DaysAfterInitiation" days_after_initiation: Number<1, 2_147_483_647> => JudgedAround,
    }

    OwnershipControls {
        "Rules" rules: Vec<OwnershipRule> => JudgedAround,
    }

    OwnershipRule {
        "ObjectOwnership" object_ownership: &'static str => JudgedAround,
    }

    /// The four switches that block public access.
    PublicAccessBlock {
        "BlockPublicAcls" block_public_acls: bool => JudgedAround,
        "BlockPublicPolicy" block_public_policy: bool => JudgedAround,
        "IgnorePublicAcls" ignore_public_acls: bool => JudgedAround,
        "RestrictPublicBuckets" restrict_public_buckets: bool => JudgedAround,
    }

    Versioning {
        "Status" status: &'static str => JudgedAround,
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
