//! `AWS::S3`.

mod bucket;
mod bucket_policy;

pub(crate) use bucket::{
    AbortIncompleteMultipartUpload, Bucket, BucketAttribute, BucketEncryption, CorsConfiguration, CorsRule,
    EncryptionByDefault, EncryptionRule, LifecycleConfiguration, LifecycleRule, NoncurrentVersionExpiration,
    OwnershipControls, OwnershipRule, PublicAccessBlock, Transition, Versioning,
};
pub(crate) use bucket_policy::BucketPolicy;
