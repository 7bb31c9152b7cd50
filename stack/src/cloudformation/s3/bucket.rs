//! `AWS::S3::Bucket`.

use serde::Serialize;

use crate::cloudformation::resource::{Resource, Retention, attributes};

attributes!(BucketAttribute { Arn, RegionalDomainName });

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Bucket {
    pub bucket_name: String,
    pub bucket_encryption: BucketEncryption,
    pub cors_configuration: CorsConfiguration,
    pub lifecycle_configuration: LifecycleConfiguration,
    pub ownership_controls: OwnershipControls,
    pub public_access_block_configuration: PublicAccessBlock,
    pub versioning_configuration: Versioning,
}

impl Resource for Bucket {
    const TYPE: &'static str = "AWS::S3::Bucket";
    type Attribute = BucketAttribute;
    const RETENTION: Retention = Retention::Always;
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BucketEncryption {
    pub server_side_encryption_configuration: Vec<EncryptionRule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EncryptionRule {
    pub server_side_encryption_by_default: EncryptionByDefault,
}

#[derive(Debug, Serialize)]
pub(crate) struct EncryptionByDefault {
    #[serde(rename = "SSEAlgorithm")]
    pub algorithm: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CorsConfiguration {
    pub cors_rules: Vec<CorsRule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CorsRule {
    pub allowed_headers: Vec<&'static str>,
    pub allowed_methods: Vec<&'static str>,
    pub allowed_origins: Vec<&'static str>,
    pub exposed_headers: Vec<&'static str>,
    pub max_age: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LifecycleConfiguration {
    pub rules: Vec<LifecycleRule>,
}

/// An enabled rule over the whole bucket.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LifecycleRule {
    pub id: &'static str,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_version_expiration: Option<NoncurrentVersionExpiration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_incomplete_multipart_upload: Option<AbortIncompleteMultipartUpload>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Transition {
    pub storage_class: &'static str,
    pub transition_in_days: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NoncurrentVersionExpiration {
    pub noncurrent_days: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AbortIncompleteMultipartUpload {
    pub days_after_initiation: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OwnershipControls {
    pub rules: Vec<OwnershipRule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OwnershipRule {
    pub object_ownership: &'static str,
}

/// All four ways to public access, blocked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "the four switches are S3's")]
pub(crate) struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub block_public_policy: bool,
    pub ignore_public_acls: bool,
    pub restrict_public_buckets: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Versioning {
    pub status: &'static str,
}
