//! What actions are allowed on.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::location::{Location, resources};
use crate::cloudformation::policy_document::Condition;

/// Resources on which actions are allowed together, and the condition under which they are.
///
/// A statement has the name of its target, and statements stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
pub(crate) enum Target {
    Functions,
    /// The functions' roles, to be passed to Lambda.
    FunctionRoles,
    Roles,
    /// The roles, for actions that give them permissions: only within the permissions boundary.
    BoundedRoles,
    /// The roles, for setting the permissions boundary; nothing where there is none.
    RoleBoundary,
    NewEventSourceMapping,
    EventSourceMappings,
    EventSourceMappingTags,
    /// Subnets and security groups; nothing where no function runs in a VPC.
    Network,
    Queues,
    #[strum(serialize = "AssetsBucket")]
    Buckets,
    Distributions,
    CachePolicies,
    OriginAccessControls,
    ResponseHeadersPolicies,
    Apis,
    ApiTags,
    ApiMappings,
    /// The role with which the gateway invokes an authorizer, to be passed to the gateway.
    AuthorizerRole,
    Alarms,
    /// All alarms: DescribeAlarms with a prefix, and every action on a composite alarm, need the permission for all of them:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>,
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html>.
    AllAlarms,
    Dashboard,
    LogGroups,
    LogGroupTags,
    LogDestination,
    /// The role with which logs are forwarded, to be passed to CloudWatch Logs.
    LogDestinationRole,
    /// Resources that have no ARN on AWS.
    Unnamed,
}

impl Target {
    /// Whether an action on it can change the permissions of others.
    pub(crate) const fn is_role(self) -> bool {
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

    /// Returns the ARNs of its resources; none where the template has none of them.
    pub(crate) fn arns(self, location: &Location<'_>) -> Vec<String> {
        let properties = |resource_type| location.resources(resource_type).map(|(_, it)| &it["Properties"]);
        match self {
            Self::Functions => location.each("AWS::Lambda::Function", "FunctionName", |name| {
                location.regional("lambda", &format!("function:{name}"))
            }),
            Self::Roles | Self::BoundedRoles | Self::FunctionRoles => vec![location.roles()],
            Self::RoleBoundary => {
                location.permissions_boundary().map(|_| location.roles()).into_iter().collect()
            }
            Self::NewEventSourceMapping | Self::Unnamed => vec!["*".to_owned()],
            Self::EventSourceMappings | Self::EventSourceMappingTags => {
                vec![location.regional("lambda", "event-source-mapping:*")]
            }
            Self::Network => {
                let mut functions = properties("AWS::Lambda::Function");
                functions
                    .find(|function| function["VpcConfig"].is_object())
                    .map(|_| "*".to_owned())
                    .into_iter()
                    .collect()
            }
            Self::Queues => {
                location.each("AWS::SQS::Queue", "QueueName", |name| location.regional("sqs", name))
            }
            Self::Buckets => location.each("AWS::S3::Bucket", "BucketName", |name| location.s3(name)),
            Self::Distributions => vec![location.global("cloudfront", "distribution/*")],
            Self::CachePolicies => vec![location.global("cloudfront", "cache-policy/*")],
            Self::OriginAccessControls => vec![location.global("cloudfront", "origin-access-control/*")],
            Self::ResponseHeadersPolicies => vec![location.global("cloudfront", "response-headers-policy/*")],
            Self::Apis => vec![location.gateway("/apis"), location.gateway("/apis/*")],
            Self::ApiTags => vec![location.gateway("/tags/*")],
            Self::ApiMappings => {
                let mut mappings = properties("AWS::ApiGatewayV2::ApiMapping");
                let domain = mappings.find_map(|mapping| mapping["DomainName"].as_str()).unwrap_or("*");
                ["", "/*"]
                    .map(|rest| location.gateway(&format!("/domainnames/{domain}/apimappings{rest}")))
                    .into()
            }
            Self::AuthorizerRole | Self::LogDestination | Self::LogDestinationRole => {
                let values = self.values(&location.template);
                let arns: BTreeSet<&str> = values.into_iter().filter_map(Json::as_str).collect();
                arns.into_iter().map(str::to_owned).collect()
            }
            Self::Alarms => {
                vec![location.regional("cloudwatch", &format!("alarm:{}-*", location.stack_name))]
            }
            Self::AllAlarms => vec![location.regional("cloudwatch", "alarm:*")],
            Self::Dashboard => location.each("AWS::CloudWatch::Dashboard", "DashboardName", |name| {
                location.global("cloudwatch", &format!("dashboard/{name}"))
            }),
            Self::LogGroups => log_groups(location, ":*"),
            Self::LogGroupTags => log_groups(location, ""),
        }
    }

    /// Returns the condition under which actions are allowed on it.
    pub(crate) fn condition(self, location: &Location<'_>) -> Option<Condition> {
        match self {
            // Lambda sets the condition key. The platform's roles are named by their ARNs, without a condition:
            // CloudWatch Logs does not set it, so with a condition, no subscription could be created.
            // https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1784
            Self::FunctionRoles => {
                Some(Condition::new("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"))
            }
            // A deployer can write any policy into these roles; the boundary limits what the roles may do.
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
            Self::BoundedRoles | Self::RoleBoundary => {
                let boundary = location.permissions_boundary()?;
                Some(Condition::new("StringEquals", "iam:PermissionsBoundary", boundary))
            }
            Self::NewEventSourceMapping | Self::EventSourceMappings => {
                let functions = format!("function:{}-*", location.stack_name);
                let functions = location.regional("lambda", &functions);
                Some(Condition::new("ArnLike", "lambda:FunctionArn", functions))
            }
            _ => None,
        }
    }

    /// Returns the values in a template that name its resources outside of the template.
    fn values(self, template: &Json) -> Vec<&Json> {
        let properties = |resource_type| resources(template, resource_type).map(|(_, it)| &it["Properties"]);
        let values: Vec<&Json> = match self {
            Self::AuthorizerRole => properties("AWS::ApiGatewayV2::Api")
                .flat_map(|api| {
                    api["Body"]["components"]["securitySchemes"].as_object().into_iter().flatten()
                })
                .map(|(_, scheme)| &scheme["x-amazon-apigateway-authorizer"]["authorizerCredentials"])
                .collect(),
            Self::LogDestination => {
                properties("AWS::Logs::SubscriptionFilter").map(|filter| &filter["DestinationArn"]).collect()
            }
            Self::LogDestinationRole => {
                properties("AWS::Logs::SubscriptionFilter").map(|filter| &filter["RoleArn"]).collect()
            }
            _ => Vec::new(),
        };
        values.into_iter().filter(|value| !value.is_null()).collect()
    }
}

/// Returns the values in a template that name resources outside of it and that permissions contain.
pub(crate) fn values_named_by_permissions(template: &Json) -> impl Iterator<Item = &Json> {
    let targets = [Target::AuthorizerRole, Target::LogDestination, Target::LogDestinationRole];
    targets.into_iter().flat_map(|target| target.values(template))
}

fn log_groups(location: &Location<'_>, rest: &str) -> Vec<String> {
    location.each("AWS::Logs::LogGroup", "LogGroupName", |name| {
        location.regional("logs", &format!("log-group:{name}{rest}"))
    })
}
