//! What every function has: a log group, a role, and variables that all of them read.

use std::collections::BTreeMap;

use super::Context;
use super::platform::regional_arn;
use crate::FunctionName;
use crate::artifacts::ArtifactKey;
use crate::cloudformation::{
    Code, Condition, Effect, Function, FunctionEnvironment, Handle, LogGroup, LogGroupAttribute,
    LoggingConfig, Policy, PolicyDocument, Principal, Role, RoleAttribute, Statement, SubscriptionFilter,
    Template, TracingConfig, Value, text,
};
use crate::environment::PolicyArn;

/// How long log groups keep what they get.
pub(super) const LOG_RETENTION_DAYS: u32 = 30;

/// Lambda must drop no line: the functions write only what `LOG_LEVEL` asks for.
///
/// Without this, Lambda drops all lines below INFO; at a higher level it would also drop lines without a level, such as
/// a panic: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>.
const APPLICATION_LOG_LEVEL: &str = "TRACE";

/// Environment variables by name.
pub(super) type Variables = BTreeMap<&'static str, Value<String>>;

/// What one function has that others have not.
pub(super) struct FunctionParts<'a> {
    pub(super) name: FunctionName,
    pub(super) description: &'static str,
    pub(super) artifact: &'a ArtifactKey,
    pub(super) memory_megabytes: u32,
    pub(super) timeout_seconds: u32,
    pub(super) variables: Variables,
    pub(super) statements: Vec<Statement>,
}

/// The logical id of a function, which the ids of its other resources begin with.
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
        LogGroup {
            log_group_name: format!("/aws/lambda/{function_name}"),
            retention_in_days: LOG_RETENTION_DAYS,
        },
    );
    if let Some(destination) = &context.platform.log_destination {
        template.add(
            format!("{id}LogSubscription"),
            SubscriptionFilter {
                log_group_name: log_group.reference(),
                filter_pattern: "",
                destination_arn: destination.arn.clone(),
                role_arn: destination.role_arn.clone(),
            },
        );
    }

    let mut statements = common_statements(context, &function_name, &log_group);
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

    let mut variables = common_variables(context);
    variables.extend(parts.variables);
    template.add(
        id,
        Function {
            function_name,
            description: parts.description,
            runtime: "provided.al2023",
            handler: "bootstrap",
            architectures: [context.environment.architecture],
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
            vpc_config: context.platform.vpc.clone(),
        },
    )
}

fn common_variables(context: &Context<'_>) -> Variables {
    let environment = context.environment;
    let mut variables = Variables::from([
        ("ENV", environment.name.as_str().into()),
        ("REGION", environment.region.as_str().into()),
        ("LOG_LEVEL", environment.log_level.name().into()),
        ("PENNSIEVE_DOMAIN", environment.platform_domain.as_str().into()),
    ]);
    if let Some(database) = &context.platform.database {
        variables.insert("RDS_PROXY_ENDPOINT", database.endpoint.clone());
    }
    variables
}

fn common_statements(
    context: &Context<'_>,
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
    if let Some(database) = &context.platform.database {
        let user = vec![database.user_arn.clone()];
        statements.push(Statement::allow("ConnectToTheDatabase", vec!["rds-db:connect"], user));
    }
    if context.platform.vpc.is_some() {
        let actions = vec![
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ];
        statements.push(Statement::allow("LambdaConnectsToTheVpc", actions.clone(), everything()));
        // Lambda itself needs them; what runs inside the function does not:
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
