//! What every function has: a log group, a role, and variables that all functions read.

use std::collections::BTreeMap;

use openapi::variables as names;

use super::context::Context;
use super::platform::{self, regional_arn};
use crate::artifacts::ArtifactKey;
use crate::cloudformation::{
    Code, Condition, Effect, Function, FunctionEnvironment, Handle, LogGroup, LogGroupAttribute,
    LogRetentionDays, LoggingConfig, MemoryMegabytes, ParameterType, Policy, PolicyDocument, Principal, Role,
    RoleAttribute, Statement, SubscriptionFilter, Template, TimeoutSeconds, TracingConfig, Value, VpcConfig,
    text,
};
use crate::environment::{
    Database, Environment, LogDestination, Network, PolicyArn, SecurityGroupId, SubnetId,
};
use crate::function_name::FunctionName;

/// How long log groups keep logs.
pub(super) const LOG_RETENTION: LogRetentionDays = LogRetentionDays::of::<30>();

/// Lambda must not drop lines: the functions themselves write only lines of the level in `LOG_LEVEL` and above.
///
/// By default, Lambda drops all lines below INFO; at a higher level it would also drop lines without a level, such as a
/// panic: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>.
const APPLICATION_LOG_LEVEL: &str = "TRACE";

/// Environment variables by name.
pub(super) type Variables = BTreeMap<&'static str, Value<String>>;

/// What differs between the functions.
pub(super) struct FunctionParts<'a> {
    pub(super) name: FunctionName,
    pub(super) description: &'static str,
    pub(super) artifact: &'a ArtifactKey,
    pub(super) memory_megabytes: MemoryMegabytes,
    pub(super) timeout_seconds: TimeoutSeconds,
    pub(super) variables: Variables,
    pub(super) statements: Vec<Statement>,
}

/// Returns the logical id of a function, with which the ids of its other resources begin.
pub(super) const fn logical_id(function: FunctionName) -> &'static str {
    match function {
        FunctionName::Api => "ApiFunction",
        FunctionName::Restore => "RestoreFunction",
        FunctionName::Authorizer => "AuthorizerFunction",
    }
}

pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    parts: FunctionParts<'_>,
) -> Handle<Function> {
    let id = logical_id(parts.name);
    let function_name = context.names.function(parts.name);
    let log_group = template.add(
        format!("{id}LogGroup"),
        LogGroup { log_group_name: format!("/aws/lambda/{function_name}"), retention_in_days: LOG_RETENTION },
    );
    if let Some(destination) = &context.environment.log_destination {
        let subscription = log_subscription(template, destination, &log_group);
        template.add(format!("{id}LogSubscription"), subscription);
    }

    let mut statements = common_statements(template, context.environment, &function_name, &log_group);
    statements.extend(parts.statements);
    let role = template.add(
        format!("{id}Role"),
        Role {
            description: format!("Role of {function_name}"),
            assume_role_policy_document: PolicyDocument::new(vec![Statement {
                principal: Some(Principal::Service("lambda.amazonaws.com")),
                ..Statement::allow("LambdaTakesTheRole", vec!["sts:AssumeRole"], Vec::new())
            }]),
            policies: vec![Policy {
                policy_name: "function",
                policy_document: PolicyDocument::new(statements),
            }],
            permissions_boundary: context.environment.permissions_boundary.as_ref().map(PolicyArn::to_string),
        },
    );

    let mut variables = common_variables(template, context.environment);
    variables.extend(parts.variables);
    let vpc_config = context.environment.network.as_ref().map(|network| vpc(template, network));
    template.add(
        id,
        Function {
            function_name,
            description: parts.description,
            runtime: "provided.al2023",
            handler: "bootstrap",
            architectures: [context.environment.architecture.into()],
            code: Code {
                bucket: context.artifacts.bucket.to_string(),
                key: parts.artifact.as_str().to_owned(),
            },
            role: role.attribute(RoleAttribute::Arn),
            memory_size: parts.memory_megabytes,
            timeout: parts.timeout_seconds,
            environment: FunctionEnvironment { variables },
            logging_config: LoggingConfig {
                application_log_level: APPLICATION_LOG_LEVEL,
                log_format: "JSON",
                log_group: log_group.reference(),
            },
            tracing_config: TracingConfig { mode: "Active" },
            vpc_config,
        },
    )
}

fn log_subscription(
    template: &mut Template,
    destination: &LogDestination,
    log_group: &Handle<LogGroup>,
) -> SubscriptionFilter {
    let description = "ARN that logs are forwarded to.";
    let destination_arn = platform::value(template, "LogDestinationArn", description, &destination.arn);
    let role = destination.role_arn.as_ref();
    let description = "ARN of the role that forwards logs.";
    SubscriptionFilter {
        log_group_name: log_group.reference(),
        filter_pattern: "",
        destination_arn,
        role_arn: role.map(|arn| platform::value(template, "LogDestinationRoleArn", description, arn)),
    }
}

fn vpc(template: &mut Template, network: &Network) -> VpcConfig {
    VpcConfig {
        subnet_ids: platform::ids::<SubnetId>(
            template,
            "SubnetIds",
            ParameterType::SubnetIds,
            "Ids of the functions' subnets.",
            &network.subnets,
        ),
        security_group_ids: platform::ids::<SecurityGroupId>(
            template,
            "SecurityGroupIds",
            ParameterType::SecurityGroupIds,
            "Ids of the functions' security groups.",
            &network.security_groups,
        ),
    }
}

fn common_variables(template: &mut Template, environment: &Environment) -> Variables {
    let log_level: &str = environment.log_level.into();
    let mut variables = Variables::from([
        (names::ENV, environment.name.as_str().into()),
        (names::REGION, environment.region.as_str().into()),
        (names::LOG_LEVEL, log_level.into()),
        (names::PENNSIEVE_DOMAIN, environment.platform_domain.as_str().into()),
    ]);
    if let Some(Database { rds_proxy_endpoint, .. }) = &environment.database {
        let host =
            platform::value(template, "RdsProxyEndpoint", "Host of the RDS proxy.", rds_proxy_endpoint);
        variables.insert(names::RDS_PROXY_ENDPOINT, host);
    }
    variables
}

fn common_statements(
    template: &mut Template,
    environment: &Environment,
    function_name: &str,
    log_group: &Handle<LogGroup>,
) -> Vec<Statement> {
    let everything = || vec!["*".into()];
    let mut statements = vec![
        Statement::allow(
            "WriteItsLog",
            vec!["logs:CreateLogStream", "logs:PutLogEvents"],
            vec![log_group.attribute(LogGroupAttribute::Arn)],
        ),
        Statement::allow(
            "WriteTraces",
            vec!["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            everything(),
        ),
    ];
    if let Some(Database { rds_proxy_resource_id, .. }) = &environment.database {
        let id =
            platform::value(template, "RdsProxyResourceId", "Id of the RDS proxy.", rds_proxy_resource_id);
        let user = format!("{}_rds_proxy_user", environment.name);
        let user_arn = regional_arn("rds-db", text!["dbuser:", id, "/", user]);
        statements.push(Statement::allow("ConnectToTheDatabase", vec!["rds-db:connect"], vec![user_arn]));
    }
    if environment.network.is_some() {
        let actions = vec![
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ];
        statements.push(Statement::allow("LambdaConnectsToTheVpc", actions.clone(), everything()));
        // Lambda needs these permissions; the code of the function does not:
        // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice-security
        let own_arn = regional_arn("lambda", text!["function:", function_name]);
        statements.push(Statement {
            effect: Effect::Deny,
            condition: Some(Condition::new("ArnEquals", "lambda:SourceFunctionArn", own_arn)),
            ..Statement::allow("ItsCodeDoesNot", actions, everything())
        });
    }
    statements
}
