//! What is true of the properties of our resource types.
//!
//! One table says of each property whether CloudFormation makes another resource for a new value, and what a new value
//! means for data and for access. A test holds it against the templates: a property that is not in it cannot be rendered.

use super::finding::Judge;
use super::judges::{
    alias_or_behavior, allowed_by_bucket, api_document, boundary, cors_of_cdn, dead_letters, deletions,
    log_retention, message_retention, object_ownership, partial_failures, path_of_api, public_access,
    variables, versioning,
};

/// A resource type of our templates.
pub(super) struct ResourceType {
    pub(super) name: &'static str,
    /// Whether something is lost with a resource of this type: objects, messages, logs.
    pub(super) holds_data: bool,
    pub(super) properties: &'static [Property],
}

/// A property of a resource type.
pub(super) struct Property {
    pub(super) name: &'static str,
    /// Whether it is marked "Update requires: Replacement":
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.
    pub(super) replaces: bool,
    /// What a change means; none where it means nothing for data or access, or is judged as a permission.
    pub(super) judge: Option<Judge>,
}

const fn plain(name: &'static str) -> Property {
    Property { name, replaces: false, judge: None }
}

const fn replacing(name: &'static str) -> Property {
    Property { name, replaces: true, judge: None }
}

const fn judged(name: &'static str, judge: Judge) -> Property {
    Property { name, replaces: false, judge: Some(judge) }
}

const fn resource_type(name: &'static str, properties: &'static [Property]) -> ResourceType {
    ResourceType { name, holds_data: false, properties }
}

const fn holding_data(name: &'static str, properties: &'static [Property]) -> ResourceType {
    ResourceType { name, holds_data: true, properties }
}

pub(super) const ALL: &[ResourceType] = &[
    resource_type(
        "AWS::ApiGatewayV2::Api",
        &[judged("Body", api_document), plain("FailOnWarnings"), replacing("ProtocolType")],
    ),
    resource_type(
        "AWS::ApiGatewayV2::ApiMapping",
        &[plain("ApiId"), judged("ApiMappingKey", path_of_api), replacing("DomainName"), plain("Stage")],
    ),
    resource_type(
        "AWS::ApiGatewayV2::Stage",
        &[
            plain("AccessLogSettings"),
            replacing("ApiId"),
            plain("AutoDeploy"),
            plain("DefaultRouteSettings"),
            replacing("StageName"),
        ],
    ),
    resource_type("AWS::CloudFront::CachePolicy", &[plain("CachePolicyConfig")]),
    resource_type("AWS::CloudFront::Distribution", &[judged("DistributionConfig", alias_or_behavior)]),
    // Which keys are trusted is compared by itself.
    resource_type("AWS::CloudFront::KeyGroup", &[plain("KeyGroupConfig")]),
    resource_type("AWS::CloudFront::OriginAccessControl", &[plain("OriginAccessControlConfig")]),
    resource_type("AWS::CloudFront::PublicKey", &[replacing("PublicKeyConfig")]),
    resource_type(
        "AWS::CloudFront::ResponseHeadersPolicy",
        &[judged("ResponseHeadersPolicyConfig", cors_of_cdn)],
    ),
    resource_type(
        "AWS::CloudWatch::Alarm",
        &[
            plain("AlarmActions"),
            plain("AlarmDescription"),
            replacing("AlarmName"),
            plain("ComparisonOperator"),
            plain("Dimensions"),
            plain("EvaluationPeriods"),
            plain("ExtendedStatistic"),
            plain("MetricName"),
            plain("Metrics"),
            plain("Namespace"),
            plain("OKActions"),
            plain("Period"),
            plain("Statistic"),
            plain("Threshold"),
            plain("TreatMissingData"),
        ],
    ),
    resource_type("AWS::CloudWatch::Dashboard", &[plain("DashboardBody"), replacing("DashboardName")]),
    resource_type(
        "AWS::IAM::Role",
        &[
            plain("AssumeRolePolicyDocument"),
            plain("Description"),
            replacing("Path"),
            judged("PermissionsBoundary", boundary),
            plain("Policies"),
            replacing("RoleName"),
        ],
    ),
    resource_type(
        "AWS::Lambda::EventSourceMapping",
        &[
            plain("BatchSize"),
            replacing("EventSourceArn"),
            plain("FunctionName"),
            judged("FunctionResponseTypes", partial_failures),
            plain("ScalingConfig"),
        ],
    ),
    resource_type(
        "AWS::Lambda::Function",
        &[
            plain("Architectures"),
            plain("Code"),
            plain("Description"),
            judged("Environment", variables),
            replacing("FunctionName"),
            plain("Handler"),
            plain("LoggingConfig"),
            plain("MemorySize"),
            replacing("PackageType"),
            plain("Role"),
            plain("Runtime"),
            plain("Timeout"),
            plain("TracingConfig"),
            plain("VpcConfig"),
        ],
    ),
    resource_type(
        "AWS::Lambda::Permission",
        &[
            replacing("Action"),
            replacing("FunctionName"),
            replacing("Principal"),
            replacing("SourceAccount"),
            replacing("SourceArn"),
        ],
    ),
    holding_data(
        "AWS::Logs::LogGroup",
        &[replacing("LogGroupName"), judged("RetentionInDays", log_retention)],
    ),
    resource_type(
        "AWS::Logs::SubscriptionFilter",
        &[
            plain("DestinationArn"),
            replacing("FilterName"),
            plain("FilterPattern"),
            replacing("LogGroupName"),
            plain("RoleArn"),
        ],
    ),
    holding_data(
        "AWS::S3::Bucket",
        &[
            plain("BucketEncryption"),
            replacing("BucketName"),
            judged("CorsConfiguration", allowed_by_bucket),
            judged("LifecycleConfiguration", deletions),
            judged("OwnershipControls", object_ownership),
            judged("PublicAccessBlockConfiguration", public_access),
            judged("VersioningConfiguration", versioning),
        ],
    ),
    resource_type("AWS::S3::BucketPolicy", &[replacing("Bucket"), plain("PolicyDocument")]),
    holding_data(
        "AWS::SQS::Queue",
        &[
            replacing("FifoQueue"),
            judged("MessageRetentionPeriod", message_retention),
            replacing("QueueName"),
            plain("ReceiveMessageWaitTimeSeconds"),
            judged("RedrivePolicy", dead_letters),
            plain("SqsManagedSseEnabled"),
            plain("VisibilityTimeout"),
        ],
    ),
];

fn find(resource_type: &str) -> Option<&'static ResourceType> {
    ALL.iter().find(|known| known.name == resource_type)
}

/// The properties of a type that are judged.
pub(super) fn judged_properties(resource_type: &str) -> impl Iterator<Item = (&'static str, Judge)> {
    let properties = find(resource_type).map_or(&[][..], |known| known.properties);
    properties.iter().filter_map(|property| Some((property.name, property.judge?)))
}

/// Whether another value of a property makes another resource.
pub(super) fn replaces(resource_type: &str, property: &str) -> bool {
    let properties = find(resource_type).map_or(&[][..], |known| known.properties);
    properties.iter().any(|known| known.name == property && known.replaces)
}

/// Whether something is lost with a resource of this type: objects, messages, logs.
pub fn holds_data(resource_type: &str) -> bool {
    find(resource_type).is_some_and(|known| known.holds_data)
}
