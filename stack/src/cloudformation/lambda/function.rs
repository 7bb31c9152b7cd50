//! `AWS::Lambda::Function`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::cloudformation::consequence::Consequences;
use crate::cloudformation::number::Number;
use crate::cloudformation::property::{PropertyValue, properties};
use crate::cloudformation::resource::{Resource, ResourceType, Retention, attributes, no_grants};
use crate::cloudformation::rights::{Rights, Target};
use crate::cloudformation::value::Value;

attributes!(FunctionAttribute { Arn });

/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
pub(crate) type MemoryMegabytes = Number<128, 10_240>;
pub(crate) type TimeoutSeconds = Number<1, 900>;

properties! {
    Function {
        "FunctionName" function_name: String => Replaces,
        "Description" description: &'static str => Plain,
        "Runtime" runtime: &'static str => Plain,
        "Handler" handler: &'static str => Plain,
        "Architectures" architectures: [&'static str; 1] => Plain,
        "Code" code: Code => Plain,
        "Role" role: Value<String> => Compared(role),
        "MemorySize" memory_size: MemoryMegabytes => Plain,
        "Timeout" timeout: TimeoutSeconds => Plain,
        "Environment" environment: FunctionEnvironment => Plain,
        "LoggingConfig" logging_config: LoggingConfig => Plain,
        "TracingConfig" tracing_config: TracingConfig => Plain,
        "VpcConfig" vpc_config: Option<VpcConfig> => Plain,
    }

    Code {
        "S3Bucket" bucket: String => Plain,
        "S3Key" key: String => Plain,
    }

    FunctionEnvironment {
        "Variables" variables: BTreeMap<&'static str, Value<String>> => Variables,
    }

    LoggingConfig {
        "ApplicationLogLevel" application_log_level: &'static str => Plain,
        "LogFormat" log_format: &'static str => Plain,
        "LogGroup" log_group: Value<String> => Plain,
    }

    TracingConfig {
        "Mode" mode: &'static str => Plain,
    }

    VpcConfig {
        "SecurityGroupIds" security_group_ids: Value<Vec<String>> => Plain,
        "SubnetIds" subnet_ids: Value<Vec<String>> => Plain,
    }
}

impl Resource for Function {
    const TYPE: ResourceType = ResourceType {
        name: "AWS::Lambda::Function",
        retention: Retention::None,
        holds_data: false,
        // https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
        longest_name: Some(("FunctionName", 64)),
        grants: no_grants,
        rights: Rights {
            read: &[(
                Target::Functions,
                &[
                    "lambda:GetFunction",
                    "lambda:GetFunctionCodeSigningConfig",
                    "lambda:GetFunctionRecursionConfig",
                    "lambda:GetFunctionScalingConfig",
                    "lambda:GetRuntimeManagementConfig",
                ],
            )],
            deploy: &[
                (
                    Target::Functions,
                    &[
                        "lambda:CreateFunction",
                        "lambda:DeleteFunction",
                        "lambda:TagResource",
                        "lambda:UntagResource",
                        "lambda:UpdateFunctionCode",
                        "lambda:UpdateFunctionConfiguration",
                    ],
                ),
                (Target::FunctionRoles, &["iam:PassRole"]),
                // Lambda looks up subnets and security groups before it creates a function, and waits for the function's
                // network interfaces before it deletes one.
                (
                    Target::Network,
                    &[
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSecurityGroups",
                        "ec2:DescribeSubnets",
                        "ec2:DescribeVpcs",
                    ],
                ),
            ],
        },
        properties: Self::PROPERTIES,
        other_replacing: &["PackageType"],
    };
    type Attribute = FunctionAttribute;
}

/// The permissions of another role may be in no template.
fn role(consequences: &mut Consequences, old: &Json, new: &Json) {
    consequences.target("the function has the role", old, new);
}
