//! What rights are on.

use super::place::Place;
use crate::cloudformation::{Condition, Value};
use crate::environment::{Authorizer, Setting};
use crate::infrastructure::{AUTHORIZER_INVOKE_ROLE, LOG_DESTINATION, LOG_DESTINATION_ROLE};
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
    /// The functions' roles, for whatever gives them rights: only within the environment's permissions boundary.
    BoundedRoles,
    /// The functions' roles, for setting the boundary; nothing where the environment has none.
    RoleBoundary,
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
        matches!(
            self,
            Self::Roles
                | Self::BoundedRoles
                | Self::RoleBoundary
                | Self::FunctionRoles
                | Self::AuthorizerRole
                | Self::LogDestinationRole
        )
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
            Self::Roles | Self::BoundedRoles | Self::FunctionRoles => vec![place.function_roles()],
            Self::RoleBoundary => {
                environment.permissions_boundary.iter().map(|_| place.function_roles()).collect()
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
                Authorizer::Shared(shared) => {
                    place.platform_arn(AUTHORIZER_INVOKE_ROLE, &shared.invoke_role_arn).into_iter().collect()
                }
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
            Self::LogDestination => {
                let destination = environment.log_destination.as_ref();
                let arn = destination.and_then(|it| place.platform_arn(LOG_DESTINATION, &it.arn));
                arn.into_iter().collect()
            }
            Self::LogDestinationRole => {
                let destination = environment.log_destination.as_ref();
                let role = destination.and_then(|destination| destination.role_arn.as_ref());
                role.and_then(|role| place.platform_arn(LOG_DESTINATION_ROLE, role)).into_iter().collect()
            }
        };
        arns.into_iter().map(Value::Literal).collect()
    }

    pub(super) fn condition(self, place: &Place<'_>) -> Option<Condition> {
        match self {
            // A list without a prefix passes as well: it is what S3 checks before it says that a bucket is there, or
            // that an object is not (404, and not 403).
            // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            Self::ArtifactList => {
                let prefix = format!("{}/*", place.environment.service);
                Some(Condition::new("StringLikeIfExists", "s3:prefix", prefix))
            }
            // Lambda says that it is Lambda. The roles of the platform are named by their ARNs, without a condition:
            // CloudWatch Logs does not say for whom a role is, and so nobody could set up a subscription.
            // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1784
            Self::FunctionRoles => {
                Some(Condition::new("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"))
            }
            // Whoever deploys can write any policy into these roles; the boundary is what ends their rights.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            Self::BoundedRoles | Self::RoleBoundary => {
                let boundary = place.environment.permissions_boundary.as_ref()?;
                Some(Condition::new("StringEquals", "iam:PermissionsBoundary", boundary.as_str()))
            }
            Self::NewEventSourceMapping | Self::EventSourceMappings => {
                let functions = format!("function:{}-*", stack_name(place.environment));
                Some(Condition::new("ArnLike", "lambda:FunctionArn", place.regional("lambda", &functions)))
            }
            _ => None,
        }
    }
}
