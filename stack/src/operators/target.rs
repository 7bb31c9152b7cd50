//! What rights are on.

use super::place::Place;
use crate::cloudformation::{Condition, Value};
use crate::environment::{Authorizer, Setting};
use crate::{FunctionName, key_parameters, key_ring_parameter, stack_name};

macro_rules! targets {
    ($($(#[$documentation:meta])* $name:ident,)+) => {
        /// Resources that rights are on together, and the condition under which they are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Target { $($(#[$documentation])* $name,)+ }

        impl Target {
            /// Its name, which becomes that of a statement.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

targets! {
    Stack,
    ArtifactBucket,
    /// The artifact bucket, for listing what is below the service's prefix.
    ArtifactList,
    Artifacts,
    /// What of the artifacts this environment writes: code, templates, contracts, its own releases.
    WrittenArtifacts,
    DeploymentLock,
    PlatformParameters,
    PublicKeyParameters,
    KeyParameters,
    Functions,
    /// The functions' roles, to be handed to Lambda.
    FunctionRoles,
    Roles,
    NewEventSourceMapping,
    EventSourceMappings,
    EventSourceMappingTags,
    /// Subnets and security groups; nothing outside a VPC.
    Network,
    Queues,
    RestoreQueue,
    DeadLetterQueue,
    AssetsBucket,
    Distributions,
    CachePolicies,
    OriginAccessControls,
    ResponseHeadersPolicies,
    Apis,
    ApiTags,
    ApiMappings,
    /// The role with which the gateway invokes a shared authorizer, to be handed to the gateway.
    AuthorizerRole,
    Alarms,
    AlarmList,
    Dashboard,
    LogGroups,
    LogGroupList,
    LogGroupTags,
    LogDestination,
    /// The role with which logs are forwarded, to be handed to CloudWatch Logs.
    LogDestinationRole,
    /// What AWS has no name for.
    Unnamed,
}

impl Target {
    /// Whether what is allowed on it decides what others may do.
    pub(super) const fn is_role(self) -> bool {
        matches!(self, Self::Roles | Self::FunctionRoles | Self::AuthorizerRole | Self::LogDestinationRole)
    }

    pub(super) fn resources(self, place: &Place<'_>) -> Vec<Value<String>> {
        let environment = place.environment;
        let parameters = key_parameters(environment);
        let arns = match self {
            Self::Stack => {
                vec![place.regional("cloudformation", &format!("stack/{}/*", stack_name(environment)))]
            }
            Self::ArtifactBucket | Self::ArtifactList => {
                vec![format!("arn:aws:s3:::{}", environment.artifact_bucket)]
            }
            Self::Artifacts => vec![place.artifact("*")],
            Self::WrittenArtifacts => {
                let code = FunctionName::ALL.into_iter().map(|function| format!("{function}/*"));
                let documents = ["change-sets/*", "contracts/*", "templates/*"].map(str::to_owned);
                let own = format!("releases/{}/*", environment.name);
                code.chain(documents).chain([own]).map(|key| place.artifact(&key)).collect()
            }
            Self::DeploymentLock => vec![place.artifact(&format!("locks/{}.json", environment.name))],
            Self::PlatformParameters => {
                place.template_parameters().map(|path| place.parameter(path)).collect()
            }
            Self::PublicKeyParameters => vec![
                place.parameter(&key_ring_parameter(environment)),
                place.parameter(&format!("{parameters}/public-key/*")),
            ],
            Self::KeyParameters => vec![place.parameter(&format!("{parameters}/*"))],
            Self::Functions => place.functions(),
            Self::Roles | Self::FunctionRoles => {
                vec![place.role(&format!("{}-*", stack_name(environment)))]
            }
            Self::NewEventSourceMapping | Self::Unnamed => vec!["*".to_owned()],
            Self::EventSourceMappings | Self::EventSourceMappingTags => {
                vec![place.regional("lambda", "event-source-mapping:*")]
            }
            Self::Network => environment.network.iter().map(|_| "*".to_owned()).collect(),
            Self::Queues => place.queues(|_| true),
            Self::RestoreQueue => place.queues(|id| id == "RestoreQueue"),
            Self::DeadLetterQueue => place.queues(|id| id == "RestoreDeadLetterQueue"),
            Self::AssetsBucket => {
                place.each("AWS::S3::Bucket", "BucketName", |name| format!("arn:aws:s3:::{name}"))
            }
            Self::Distributions => vec![place.global("cloudfront", "distribution/*")],
            Self::CachePolicies => vec![place.global("cloudfront", "cache-policy/*")],
            Self::OriginAccessControls => vec![place.global("cloudfront", "origin-access-control/*")],
            Self::ResponseHeadersPolicies => vec![place.global("cloudfront", "response-headers-policy/*")],
            Self::Apis => vec![place.gateway("/apis"), place.gateway("/apis/*")],
            Self::ApiTags => vec![place.gateway("/tags/*")],
            Self::ApiMappings => {
                let domain = environment.api_domain.as_ref().and_then(Setting::literal);
                let domain = domain.map_or("*", |domain| domain.as_str());
                ["", "/*"]
                    .map(|rest| place.gateway(&format!("/domainnames/{domain}/apimappings{rest}")))
                    .into()
            }
            Self::AuthorizerRole => match &environment.authorizer {
                Authorizer::Shared(shared) => vec![place.platform_role(&shared.invoke_role_arn)],
                Authorizer::Own(_) => Vec::new(),
            },
            Self::Alarms => {
                vec![place.regional("cloudwatch", &format!("alarm:{}-*", stack_name(environment)))]
            }
            // Where they are asked for by the beginning of their names, AWS wants the right to all:
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
            Self::AlarmList => vec![place.regional("cloudwatch", "alarm:*")],
            Self::Dashboard => place.each("AWS::CloudWatch::Dashboard", "DashboardName", |name| {
                place.global("cloudwatch", &format!("dashboard/{name}"))
            }),
            Self::LogGroups => place.log_groups(":*"),
            Self::LogGroupTags => place.log_groups(""),
            // As with alarms: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
            Self::LogGroupList => vec![place.regional("logs", "log-group:*")],
            Self::LogDestination => environment
                .log_destination
                .iter()
                .map(|destination| match &destination.arn {
                    Setting::Literal(arn) => arn.to_string(),
                    // It may belong to another account.
                    Setting::Parameter(_) => format!("arn:aws:logs:{}:*:destination:*", environment.region),
                })
                .collect(),
            Self::LogDestinationRole => {
                let role = environment
                    .log_destination
                    .as_ref()
                    .and_then(|destination| destination.role_arn.as_ref());
                role.into_iter().map(|role| place.platform_role(role)).collect()
            }
        };
        arns.into_iter().map(Value::Literal).collect()
    }

    pub(super) fn condition(self, place: &Place<'_>) -> Option<Condition> {
        let passed_to = |service| Condition::new("StringEquals", "iam:PassedToService", service);
        match self {
            // A list without a prefix passes as well: it is what S3 checks before it says that a bucket is there, or
            // that an object is not (404, and not 403).
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            Self::ArtifactList => {
                let prefix = format!("{}/*", place.environment.service);
                Some(Condition::new("StringLikeIfExists", "s3:prefix", prefix))
            }
            Self::FunctionRoles => Some(passed_to("lambda.amazonaws.com")),
            Self::AuthorizerRole => Some(passed_to("apigateway.amazonaws.com")),
            Self::LogDestinationRole => Some(passed_to("logs.amazonaws.com")),
            Self::NewEventSourceMapping | Self::EventSourceMappings => {
                let functions = format!("function:{}-*", stack_name(place.environment));
                Some(Condition::new("ArnLike", "lambda:FunctionArn", place.regional("lambda", &functions)))
            }
            _ => None,
        }
    }
}
