//! The bucket of the viewer assets.

use super::context::Context;
use super::signing_keys::TrustedKeys;
use crate::cloudformation::{
    AbortIncompleteMultipartUpload, Bucket, BucketAttribute, BucketEncryption, BucketPolicy, Condition,
    CorsConfiguration, CorsRule, Distribution, Effect, EncryptionByDefault, EncryptionRule, Handle,
    LifecycleConfiguration, LifecycleRule, NoncurrentVersionExpiration, Number, OwnershipControls,
    OwnershipRule, PolicyDocument, Principal, PseudoParameter, PublicAccessBlock, Statement, Template,
    Transition, Versioning, text,
};

pub(super) fn add(template: &mut Template, context: &Context<'_>) -> Handle<Bucket> {
    template.add(
        "AssetsBucket",
        Bucket {
            bucket_name: context.names.assets_bucket(),
            bucket_encryption: BucketEncryption {
                server_side_encryption_configuration: vec![EncryptionRule {
                    server_side_encryption_by_default: EncryptionByDefault { algorithm: "AES256" },
                }],
            },
            // Any origin: a redirect from the API arrives with `Origin: null`, and access depends on the presigned URL
            // only, not on the page.
            cors_configuration: CorsConfiguration {
                cors_rules: vec![CorsRule {
                    allowed_headers: vec!["*"],
                    allowed_methods: vec!["GET", "HEAD"],
                    allowed_origins: vec!["*"],
                    exposed_headers: openapi::CORS_EXPOSE_HEADERS.to_vec(),
                    max_age: Number::of::<{ openapi::CORS_MAX_AGE_SECONDS }>(),
                }],
            },
            lifecycle_configuration: LifecycleConfiguration {
                rules: vec![
                    LifecycleRule {
                        transitions: vec![Transition {
                            storage_class: "INTELLIGENT_TIERING",
                            transition_in_days: Number::of::<0>(),
                        }],
                        ..rule("intelligent-tiering-at-once")
                    },
                    LifecycleRule {
                        noncurrent_version_expiration: Some(NoncurrentVersionExpiration {
                            noncurrent_days: Number::of::<30>(),
                        }),
                        ..rule("noncurrent-versions-for-30-days")
                    },
                    LifecycleRule {
                        abort_incomplete_multipart_upload: Some(AbortIncompleteMultipartUpload {
                            days_after_initiation: Number::of::<7>(),
                        }),
                        ..rule("incomplete-uploads-for-7-days")
                    },
                ],
            },
            ownership_controls: OwnershipControls {
                rules: vec![OwnershipRule { object_ownership: "BucketOwnerEnforced" }],
            },
            public_access_block_configuration: PublicAccessBlock {
                block_public_acls: true,
                block_public_policy: true,
                ignore_public_acls: true,
                restrict_public_buckets: true,
            },
            versioning_configuration: Versioning { status: "Enabled" },
        },
    )
}

fn rule(id: &'static str) -> LifecycleRule {
    LifecycleRule {
        id,
        status: "Enabled",
        transitions: Vec::new(),
        noncurrent_version_expiration: None,
        abort_incomplete_multipart_upload: None,
    }
}

/// Adds the bucket policy: the distribution may read, and requests without TLS are denied.
///
/// Without a trusted key the distribution may not read either: see [`super::distribution`].
pub(super) fn add_policy(
    template: &mut Template,
    bucket: &Handle<Bucket>,
    distribution: &Handle<Distribution>,
    keys: &TrustedKeys,
) {
    let bucket_arn = bucket.attribute(BucketAttribute::Arn);
    let objects_arn = text![&bucket_arn, "/*"];
    let account = PseudoParameter::AccountId;
    let distribution_arn = text![
        "arn:",
        PseudoParameter::Partition,
        ":cloudfront::",
        account,
        ":distribution/",
        distribution.reference()
    ];
    let distribution_may = |sid: &str, action, resource| Statement {
        principal: Some(Principal::Service("cloudfront.amazonaws.com")),
        condition: Some(Condition::new("StringEquals", "AWS:SourceArn", distribution_arn.clone())),
        ..Statement::allow(sid, vec![action], vec![resource])
    };
    let mut statements = vec![Statement {
        sid: "RefusePlainHttp".to_owned(),
        effect: Effect::Deny,
        principal: Some(Principal::Account("*")),
        action: vec!["s3:*"],
        resource: vec![bucket_arn.clone(), objects_arn.clone()],
        condition: Some(Condition::new("Bool", "aws:SecureTransport", "false")),
    }];
    if keys.group.is_some() {
        statements.push(distribution_may("DistributionReadsObjects", "s3:GetObject", objects_arn));
        // Without it S3 responds with 403 for an object that does not exist, and a viewer assumes that its URL has expired.
        statements.push(distribution_may("DistributionLearnsWhatIsMissing", "s3:ListBucket", bucket_arn));
    }
    template.add(
        "AssetsBucketPolicy",
        BucketPolicy { bucket: bucket.reference(), policy_document: PolicyDocument::new(statements) },
    );
}
