//! Which resource types and settings have an effect in the local stack.

/// The effect of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It has the same effect as on AWS.
    Emulated,
    /// It, and everything below `setting`, has no effect, for this reason.
    None { setting: &'static str, why: &'static str },
    /// It may have an effect on AWS that nobody has looked at.
    Unknown,
}

const UNKNOWN_TYPE: &str = "the local stack does not know this type of resource";
pub(super) const UNKNOWN_SETTING: &str = "the local stack does not know this setting";

const NO_ACCESS_CONTROL: &str = "the guard evaluates policies only";
const NO_NOTIFICATION: &str = "no notification is sent; the local stack shows changes of a state";
const NO_ENCRYPTION: &str = "nothing is encrypted at rest";
const NO_CACHED_OPTIONS: &str = "responses to OPTIONS are not cached";
const NO_COMPRESSION: &str = "bodies are sent as they are stored";
const NO_LIFECYCLE: &str = "objects stay as they are";
const NO_TLS: &str = "the CDN speaks HTTP without TLS";
const ONE_ADDRESS: &str = "everything listens on 127.0.0.1 only";

/// The settings of one resource type. The longest prefix of a path decides.
struct Rules {
    kind: &'static str,
    emulated: &'static [&'static str],
    without_effect: &'static [(&'static str, &'static str)],
}

/// Returns the effect of a setting, or of a whole resource for an empty path.
pub(super) fn effect(kind: &str, path: &str) -> Effect {
    let Some(rules) = RULES.iter().find(|rules| rules.kind == kind) else {
        return Effect::None { setting: "", why: UNKNOWN_TYPE };
    };
    let emulated = rules.emulated.iter().map(|prefix| (prefix.len(), *prefix, Effect::Emulated));
    let others = rules.without_effect.iter();
    let others = others.map(|&(setting, why)| (setting.len(), setting, Effect::None { setting, why }));
    let matching = emulated.chain(others).filter(|(_, prefix, _)| is_below(path, prefix));
    let longest = matching.max_by_key(|(length, ..)| *length).map(|(.., effect)| effect);
    match longest {
        Some(effect) => effect,
        None if path.is_empty() || LABELS.contains(&path) => Effect::Emulated,
        None => Effect::Unknown,
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

/// Settings that have no effect on AWS either.
const LABELS: [&str; 2] = ["Description", "Tags"];

const RULES: &[Rules] = &[
    Rules {
        kind: "ApiGatewayV2::Api",
        emulated: &["Body", "CorsConfiguration", "FailOnWarnings", "Name", "ProtocolType"],
        without_effect: &[("DisableExecuteApiEndpoint", ONE_ADDRESS), ("IpAddressType", ONE_ADDRESS)],
    },
    Rules { kind: "ApiGatewayV2::ApiMapping", emulated: &[], without_effect: &[("", ONE_ADDRESS)] },
    Rules { kind: "ApiGatewayV2::DomainName", emulated: &[], without_effect: &[("", ONE_ADDRESS)] },
    Rules {
        kind: "ApiGatewayV2::Stage",
        emulated: &[
            "AccessLogSettings",
            "ApiId",
            "AutoDeploy",
            "DefaultRouteSettings",
            "RouteSettings",
            "StageName",
            "StageVariables",
        ],
        without_effect: &[(
            "DefaultRouteSettings.DetailedMetricsEnabled",
            "metrics are published for the API, not for each route",
        )],
    },
    Rules {
        kind: "CloudFront::CachePolicy",
        emulated: &["CachePolicyConfig"],
        without_effect: &[
            (
                "CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.EnableAcceptEncodingBrotli",
                NO_COMPRESSION,
            ),
            (
                "CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin.EnableAcceptEncodingGzip",
                NO_COMPRESSION,
            ),
        ],
    },
    Rules {
        kind: "CloudFront::Distribution",
        emulated: &[
            "DistributionConfig.CacheBehaviors",
            "DistributionConfig.Comment",
            "DistributionConfig.DefaultCacheBehavior",
            "DistributionConfig.DefaultRootObject",
            "DistributionConfig.Enabled",
            "DistributionConfig.Origins",
        ],
        without_effect: &[
            ("DistributionConfig.Aliases", ONE_ADDRESS),
            ("DistributionConfig.CacheBehaviors.CachedMethods", NO_CACHED_OPTIONS),
            ("DistributionConfig.CacheBehaviors.Compress", NO_COMPRESSION),
            ("DistributionConfig.CacheBehaviors.ViewerProtocolPolicy", NO_TLS),
            ("DistributionConfig.CustomErrorResponses", "the CDN responds with its own error documents"),
            ("DistributionConfig.DefaultCacheBehavior.CachedMethods", NO_CACHED_OPTIONS),
            ("DistributionConfig.DefaultCacheBehavior.Compress", NO_COMPRESSION),
            ("DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy", NO_TLS),
            ("DistributionConfig.HttpVersion", "the CDN speaks HTTP/1.1 only"),
            ("DistributionConfig.IPV6Enabled", ONE_ADDRESS),
            ("DistributionConfig.Logging", "the CDN writes no access log"),
            ("DistributionConfig.Origins.OriginShield", "there is one cache"),
            ("DistributionConfig.PriceClass", "there is one edge location"),
            ("DistributionConfig.Restrictions", "all viewers are in the same place"),
            ("DistributionConfig.ViewerCertificate", NO_TLS),
            ("DistributionConfig.WebACLId", "no request is filtered"),
        ],
    },
    Rules { kind: "CloudFront::KeyGroup", emulated: &["KeyGroupConfig"], without_effect: &[] },
    Rules {
        kind: "CloudFront::OriginAccessControl",
        emulated: &["OriginAccessControlConfig"],
        without_effect: &[],
    },
    Rules {
        kind: "CloudFront::OriginRequestPolicy",
        emulated: &["OriginRequestPolicyConfig"],
        without_effect: &[],
    },
    Rules { kind: "CloudFront::PublicKey", emulated: &["PublicKeyConfig"], without_effect: &[] },
    Rules {
        kind: "CloudFront::ResponseHeadersPolicy",
        emulated: &["ResponseHeadersPolicyConfig"],
        without_effect: &[],
    },
    Rules {
        kind: "CloudWatch::Alarm",
        emulated: &[
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "MetricName",
            "Metrics",
            "Namespace",
            "Period",
            "Statistic",
            "Threshold",
            "TreatMissingData",
        ],
        without_effect: &[
            ("AlarmActions", NO_NOTIFICATION),
            ("InsufficientDataActions", NO_NOTIFICATION),
            ("OKActions", NO_NOTIFICATION),
        ],
    },
    Rules {
        kind: "CloudWatch::Dashboard",
        emulated: &[],
        without_effect: &[("", "the console shows graphs of its own")],
    },
    Rules {
        kind: "CloudWatch::CompositeAlarm",
        emulated: &["AlarmDescription", "AlarmName", "AlarmRule"],
        without_effect: &[("AlarmActions", NO_NOTIFICATION), ("OKActions", NO_NOTIFICATION)],
    },
    Rules {
        kind: "IAM::Role",
        emulated: &["ManagedPolicyArns", "Path", "PermissionsBoundary", "Policies", "RoleName"],
        without_effect: &[("AssumeRolePolicyDocument", "the local stack gives the role to its function")],
    },
    Rules {
        kind: "IAM::Policy",
        emulated: &[],
        without_effect: &[("", "the guard evaluates policies inside a role and managed policies")],
    },
    Rules {
        kind: "Lambda::EventSourceMapping",
        emulated: &[
            "BatchSize",
            "Enabled",
            "EventSourceArn",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "ScalingConfig",
        ],
        without_effect: &[("MetricsConfig", "the poller counts messages, not events")],
    },
    Rules {
        kind: "Lambda::Function",
        emulated: &[
            "Code",
            "Environment",
            "FunctionName",
            "Handler",
            "LoggingConfig.LogFormat",
            "LoggingConfig.LogGroup",
            "PackageType",
            "Role",
            "Runtime",
            "Timeout",
            "TracingConfig",
        ],
        without_effect: &[
            ("Architectures", "the functions run as they were built for this machine"),
            ("KmsKeyArn", NO_ENCRYPTION),
            ("LoggingConfig.ApplicationLogLevel", "the functions filter their own lines only"),
            ("LoggingConfig.SystemLogLevel", "Lambda itself logs nothing"),
            ("MemorySize", "the functions may use more memory and have the whole processor"),
            ("ReservedConcurrentExecutions", "the stack limits the instances of each function itself"),
            ("VpcConfig", "the functions have the network of this machine"),
        ],
    },
    Rules {
        kind: "Lambda::Permission",
        emulated: &[],
        without_effect: &[("", "the gateway invokes the functions without it")],
    },
    Rules {
        kind: "Logs::LogGroup",
        emulated: &["LogGroupName"],
        without_effect: &[("KmsKeyId", NO_ENCRYPTION), ("RetentionInDays", "no log is removed by its age")],
    },
    Rules {
        kind: "Logs::SubscriptionFilter",
        emulated: &[],
        without_effect: &[("", "there is no destination outside the emulator")],
    },
    Rules {
        kind: "S3::Bucket",
        emulated: &["BucketName", "CorsConfiguration", "VersioningConfiguration"],
        without_effect: &[
            ("BucketEncryption", NO_ENCRYPTION),
            ("IntelligentTieringConfigurations", NO_LIFECYCLE),
            ("LifecycleConfiguration", NO_LIFECYCLE),
            ("LoggingConfiguration", "S3 writes no access log"),
            ("OwnershipControls", NO_ACCESS_CONTROL),
            ("PublicAccessBlockConfiguration", NO_ACCESS_CONTROL),
        ],
    },
    Rules { kind: "S3::BucketPolicy", emulated: &["Bucket", "PolicyDocument"], without_effect: &[] },
    Rules {
        kind: "SQS::Queue",
        emulated: &[
            "DelaySeconds",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "QueueName",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "VisibilityTimeout",
        ],
        without_effect: &[
            ("KmsMasterKeyId", NO_ENCRYPTION),
            ("KmsDataKeyReusePeriodSeconds", NO_ENCRYPTION),
            ("SqsManagedSseEnabled", NO_ENCRYPTION),
        ],
    },
    Rules { kind: "SQS::QueuePolicy", emulated: &["PolicyDocument", "Queues"], without_effect: &[] },
];
