//! CloudFormation, typed: values, resources, templates and their validation.
//!
//! Only the resource types of this system are here, each with only the properties it sets, so that a property
//! that does not exist cannot be written. A reference can only be made from the [`Handle`] that adding a resource
//! gave, so that it cannot dangle.

#![expect(clippy::struct_field_names, reason = "the names are CloudFormation's")]

mod api_gateway;
mod cloudfront;
mod cloudwatch;
mod document;
mod iam;
mod lambda;
mod logical_id;
mod logs;
mod resource;
mod s3;
mod sqs;
mod template;
mod validate;
mod value;

pub(crate) use api_gateway::{AccessLogSettings, Api, ApiAttribute, ApiMapping, DefaultRouteSettings, Stage};
pub(crate) use cloudfront::{
    CacheBehavior, CacheKey, CachePolicy, CachePolicyConfig, Distribution, DistributionAttribute,
    DistributionConfig, ForwardedNothing, Items, KeyGroup, KeyGroupConfig, Origin, OriginAccessControl,
    OriginAccessControlConfig, PublicKey, PublicKeyConfig, ResponseHeadersCors, ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig, S3OriginConfig, ViewerCertificate,
};
pub(crate) use cloudwatch::{
    Alarm, Comparison, Dashboard, Dimension, Measure, Metric, MetricDataQuery, MetricStat,
};
pub(crate) use iam::{Condition, Effect, Policy, PolicyDocument, Principal, Role, RoleAttribute, Statement};
pub(crate) use lambda::{
    Code, EventSourceMapping, Function, FunctionAttribute, FunctionEnvironment, LoggingConfig, Permission,
    ScalingConfig, TracingConfig, VpcConfig,
};
pub(crate) use logs::{LogGroup, LogGroupAttribute, SubscriptionFilter};
pub(crate) use resource::Handle;
pub(crate) use s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketAttribute, BucketEncryption, BucketPolicy,
    CorsConfiguration, CorsRule, EncryptionByDefault, EncryptionRule, LifecycleConfiguration, LifecycleRule,
    NoncurrentVersionExpiration, OwnershipControls, OwnershipRule, PublicAccessBlock, Transition, Versioning,
};
pub(crate) use sqs::{Queue, QueueAttribute, RedrivePolicy};
pub(crate) use template::ParameterType;
pub(crate) use validate::{policy_problems, reference_problems};
pub(crate) use value::{PseudoParameter, Value, concatenate, text, to_json};

pub(crate) use document::fill_in;
pub use document::{Facts, PlatformFact, iam_policies, platform_facts};
pub use template::Template;
pub use validate::{Problem, StackError};
