//! The facts of the surrounding platform, as values of the template.

use std::fmt::Display;

use crate::cloudformation::{ParameterType, PseudoParameter, Template, Value, VpcConfig, text};
use crate::environment::{Authorizer, Environment, FactKind, FactType, Network, ParameterPath, Setting};

/// The parameter that has the role with which the gateway invokes a shared authorizer.
pub(crate) const AUTHORIZER_INVOKE_ROLE: &str = "AuthorizerInvokeRoleArn";
/// The parameter that says where logs are forwarded to.
pub(crate) const LOG_DESTINATION: &str = "LogDestinationArn";
/// The parameter that has the role with which they are.
pub(crate) const LOG_DESTINATION_ROLE: &str = "LogDestinationRoleArn";

/// What the environment says of the platform; whatever it does not say itself is a parameter of the template.
pub(super) struct Platform {
    pub(super) jobs_queue: JobsQueue,
    pub(super) delete_record_table: Value<String>,
    pub(super) storage_buckets: Vec<StorageBucket>,
    pub(super) authorizer: AuthorizerFacts,
    pub(super) vpc: Option<VpcConfig>,
    pub(super) database: Option<Database>,
    pub(super) alarm_topic: Option<Value<String>>,
    pub(super) log_destination: Option<LogDestination>,
    pub(super) cdn: Option<Cdn>,
    pub(super) api_domain: Option<Value<String>>,
}

pub(super) struct JobsQueue {
    pub(super) url: Value<String>,
    pub(super) arn: Value<String>,
    pub(super) kms_key_arn: Option<Value<String>>,
}

pub(super) struct StorageBucket {
    pub(super) name: Value<String>,
    pub(super) proxied: bool,
}

pub(super) enum AuthorizerFacts {
    Own { issuer: Value<String>, jwks_url: Value<String>, client_id: Value<String> },
    Shared { function_arn: Value<String>, invoke_role_arn: Value<String> },
}

pub(super) struct Database {
    pub(super) endpoint: Value<String>,
    /// What `rds-db:connect` is allowed on: the proxy's user of this environment.
    pub(super) user_arn: Value<String>,
}

pub(super) struct LogDestination {
    pub(super) arn: Value<String>,
    pub(super) role_arn: Option<Value<String>>,
}

pub(super) struct Cdn {
    pub(super) alias: Value<String>,
    pub(super) certificate_arn: Value<String>,
}

impl Platform {
    pub(super) fn add(template: &mut Template, environment: &Environment) -> Self {
        let mut facts = Facts(template);
        Self {
            jobs_queue: JobsQueue {
                url: facts.value("JobsQueueUrl", "URL of the jobs queue.", &environment.jobs_queue.url),
                arn: facts.value("JobsQueueArn", "ARN of the jobs queue.", &environment.jobs_queue.arn),
                kms_key_arn: environment.jobs_queue.kms_key_arn.as_ref().map(|setting| {
                    facts.value("JobsQueueKmsKeyArn", "ARN of the KMS key of the jobs queue.", setting)
                }),
            },
            delete_record_table: facts.value(
                "DeleteRecordTable",
                "Name of the DynamoDB table of the delete records.",
                &environment.delete_record_table,
            ),
            storage_buckets: environment
                .storage_buckets
                .iter()
                .enumerate()
                .map(|(index, bucket)| StorageBucket {
                    name: facts.value(
                        format!("StorageBucket{}", index + 1),
                        "Name of a bucket of packages' files.",
                        &bucket.name,
                    ),
                    proxied: bucket.proxied,
                })
                .collect(),
            authorizer: facts.authorizer(&environment.authorizer),
            vpc: environment.network.as_ref().map(|network| facts.vpc(network)),
            database: environment.database.as_ref().map(|database| {
                let id = facts.value(
                    "RdsProxyResourceId",
                    "Id of the RDS proxy.",
                    &database.rds_proxy_resource_id,
                );
                let user = format!("{}_rds_proxy_user", environment.name);
                Database {
                    endpoint: facts.value(
                        "RdsProxyEndpoint",
                        "Host of the RDS proxy.",
                        &database.rds_proxy_endpoint,
                    ),
                    user_arn: regional_arn("rds-db", text!["dbuser:", id, "/", user]),
                }
            }),
            alarm_topic: environment
                .alarm_topic
                .as_ref()
                .map(|topic| facts.value("AlarmTopicArn", "ARN of the SNS topic for alarms.", topic)),
            log_destination: environment.log_destination.as_ref().map(|destination| LogDestination {
                arn: facts.value(LOG_DESTINATION, "ARN that logs are forwarded to.", &destination.arn),
                role_arn: destination.role_arn.as_ref().map(|role| {
                    facts.value(LOG_DESTINATION_ROLE, "ARN of the role that forwards logs.", role)
                }),
            }),
            cdn: environment.cdn.as_ref().map(|cdn| Cdn {
                alias: facts.value("CdnAlias", "Domain of the distribution.", &cdn.alias),
                certificate_arn: facts.value(
                    "CdnCertificateArn",
                    "ARN of the certificate of the distribution's domain.",
                    &cdn.certificate_arn,
                ),
            }),
            api_domain: environment
                .api_domain
                .as_ref()
                .map(|domain| facts.value("ApiDomain", "Custom domain that the API is mapped on.", domain)),
        }
    }
}

/// Turns settings into values.
struct Facts<'a>(&'a mut Template);

impl Facts<'_> {
    fn value<T: Display + FactType>(
        &mut self,
        id: impl Into<String>,
        description: &'static str,
        setting: &Setting<T>,
    ) -> Value<String> {
        match setting {
            Setting::Literal(value) => Value::Literal(value.to_string()),
            Setting::Parameter(path) => {
                let path = path.as_str().to_owned();
                self.0.add_parameter(id.into(), ParameterType::Text, T::KIND, description, path)
            }
        }
    }

    fn vpc(&mut self, network: &Network) -> VpcConfig {
        let mut ids = |id, kind, fact, description, path: &ParameterPath| {
            self.0.add_parameter(id, kind, fact, description, path.as_str().to_owned())
        };
        VpcConfig {
            subnet_ids: ids(
                "SubnetIds",
                ParameterType::SubnetIds,
                FactKind::SubnetId,
                "Ids of the functions' subnets.",
                &network.subnets,
            ),
            security_group_ids: ids(
                "SecurityGroupIds",
                ParameterType::SecurityGroupIds,
                FactKind::SecurityGroupId,
                "Ids of the functions' security groups.",
                &network.security_groups,
            ),
        }
    }

    fn authorizer(&mut self, authorizer: &Authorizer) -> AuthorizerFacts {
        match authorizer {
            Authorizer::Own(own) => AuthorizerFacts::Own {
                issuer: self.value("TokenIssuer", "Issuer of the access tokens.", &own.issuer),
                jwks_url: self.value("TokenJwksUrl", "URL of the issuer's public keys.", &own.jwks_url),
                client_id: self.value("TokenClientId", "Client of the access tokens.", &own.client_id),
            },
            Authorizer::Shared(shared) => AuthorizerFacts::Shared {
                function_arn: self.value(
                    "AuthorizerFunctionArn",
                    "ARN of the platform's authorizer function.",
                    &shared.function_arn,
                ),
                invoke_role_arn: self.value(
                    AUTHORIZER_INVOKE_ROLE,
                    "ARN of the role that invokes the platform's authorizer function.",
                    &shared.invoke_role_arn,
                ),
            },
        }
    }
}

/// An ARN in the stack's account and region.
pub(super) fn regional_arn(service: &str, resource: Value<String>) -> Value<String> {
    let [partition, region, account] =
        [PseudoParameter::Partition, PseudoParameter::Region, PseudoParameter::AccountId];
    text!["arn:", partition, ":", service, ":", region, ":", account, ":", resource]
}

/// The ARN of a bucket.
pub(super) fn bucket_arn(name: &Value<String>) -> Value<String> {
    text!["arn:", PseudoParameter::Partition, ":s3:::", name]
}
