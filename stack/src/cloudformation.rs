//! CloudFormation, typed: values, resources, templates and their validation.
//!
//! Only the resource types of this system are here, each with only the properties that it sets, so that a property that
//! does not exist cannot be written. What is true of a type stands in its file. A reference is made from the [`Handle`]
//! that adding a resource returned, so it cannot dangle.
//!
//! Nothing here knows our environments.

#![expect(clippy::struct_field_names, reason = "the names are CloudFormation's")]

mod api_gateway;
mod cloudfront;
mod cloudwatch;
mod consequence;
mod document;
mod iam;
mod lambda;
mod logical_id;
mod logs;
mod number;
mod policy_document;
mod property;
mod reference;
mod resource;
mod resource_types;
mod rights;
mod s3;
mod sqs;
mod template;
mod validate;
mod value;

pub(crate) use api_gateway::{AccessLogSettings, Api, ApiAttribute, ApiMapping, DefaultRouteSettings, Stage};
pub(crate) use cloudfront::{
    AliasCertificate, CacheBehavior, CacheKey, CachePolicy, CachePolicyConfig, CustomHeader, CustomHeaders,
    DefaultCertificate, Distribution, DistributionAttribute, DistributionConfig, ForwardedNothing, Items,
    KeyGroup, KeyGroupConfig, Origin, OriginAccessControl, OriginAccessControlConfig, PublicKey,
    PublicKeyConfig, ResponseHeadersCors, ResponseHeadersPolicy, ResponseHeadersPolicyConfig, S3OriginConfig,
    TtlSeconds, ViewerCertificate,
};
pub(crate) use cloudwatch::{
    Alarm, AlarmRule, Comparison, CompositeAlarm, Dashboard, Dimension, Expression, ExpressionQuery, Measure,
    Metric, MetricDataQuery, MetricQuery, MetricStat, Percentile, Statistic,
};
pub(crate) use iam::{Policy, Role, RoleAttribute};
pub(crate) use lambda::{
    Code, EventSourceMapping, Function, FunctionAttribute, FunctionEnvironment, LoggingConfig,
    MemoryMegabytes, Permission, ScalingConfig, TimeoutSeconds, TracingConfig, VpcConfig,
};
pub(crate) use logs::{LogGroup, LogGroupAttribute, SubscriptionFilter};
pub use number::Number;
pub(crate) use number::{LogRetentionDays, Period};
pub(crate) use s3::{
    AbortIncompleteMultipartUpload, Bucket, BucketAttribute, BucketEncryption, BucketPolicy,
    CorsConfiguration, CorsRule, EncryptionByDefault, EncryptionRule, LifecycleConfiguration, LifecycleRule,
    NoncurrentVersionExpiration, OwnershipControls, OwnershipRule, PublicAccessBlock, Transition, Versioning,
};
pub(crate) use sqs::{Queue, QueueAttribute, RedrivePolicy};

pub(crate) use consequence::Consequences;
pub(crate) use document::fill_in;
pub(crate) use policy_document::{Condition, Effect, PolicyDocument, Principal, Statement};
#[cfg(test)]
pub(crate) use property::find as find_property;
pub(crate) use property::{Change, Property};
pub(crate) use reference::{Intrinsic, visit};
pub(crate) use resource::Handle;
pub(crate) use resource::ResourceType;
pub(crate) use resource_types::{RESOURCE_TYPES, resource_type};
pub(crate) use rights::{Location, Right, Target, values_named_by_permissions};
pub(crate) use template::{Parameter, ParameterType};
pub(crate) use validate::{policy_problems, reference_problems};
pub(crate) use value::{PseudoParameter, Value, concatenate, text, to_json};

pub use consequence::Consequence;
pub use document::iam_policies;
pub use resource_types::{holds_data, is_known_type};
pub use template::Template;
pub use validate::{Problem, StackError};

#[cfg(test)]
mod layering;
