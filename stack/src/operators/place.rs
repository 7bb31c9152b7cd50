//! Where an environment is, and what its resources are called there.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Value as Json;

use crate::environment::Setting;
use crate::{Environment, stack_name};

/// An environment and its template, in which the resources have their names.
pub(super) struct Place<'a> {
    pub(super) environment: &'a Environment,
    template: Json,
    facts: &'a BTreeMap<String, String>,
}

impl<'a> Place<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        template: Json,
        facts: &'a BTreeMap<String, String>,
    ) -> Self {
        Self { environment, template, facts }
    }

    /// Whether the template has a resource of this type.
    pub(super) fn has(&self, resource_type: &str) -> bool {
        self.resources(resource_type).next().is_some()
    }

    fn resources(&self, resource_type: &str) -> impl Iterator<Item = (&str, &Json)> {
        let all = self.template["Resources"].as_object().into_iter().flatten();
        all.filter(move |(_, resource)| resource["Type"] == resource_type)
            .map(|(id, resource)| (id.as_str(), resource))
    }

    /// An ARN for each resource of a type, from the property that has its name.
    pub(super) fn each(
        &self,
        resource_type: &str,
        property: &str,
        arn: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let names = self
            .resources(resource_type)
            .filter_map(|(_, resource)| resource["Properties"][property].as_str());
        names.map(arn).collect()
    }

    pub(super) fn functions(&self) -> Vec<String> {
        self.each("AWS::Lambda::Function", "FunctionName", |name| {
            self.regional("lambda", &format!("function:{name}"))
        })
    }

    pub(super) fn log_groups(&self, rest: &str) -> Vec<String> {
        self.each("AWS::Logs::LogGroup", "LogGroupName", |name| {
            self.regional("logs", &format!("log-group:{name}{rest}"))
        })
    }

    pub(super) fn queues(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let queues = self.resources("AWS::SQS::Queue").filter(|(id, _)| wanted(id));
        let names = queues.filter_map(|(_, queue)| queue["Properties"]["QueueName"].as_str());
        names.map(|name| self.regional("sqs", name)).collect()
    }

    /// The paths that the template reads from the Parameter Store.
    pub(super) fn template_parameters(&self) -> impl Iterator<Item = &str> {
        let parameters = self.template["Parameters"].as_object().into_iter().flatten();
        parameters.filter_map(|(_, parameter)| parameter["Default"].as_str())
    }

    fn account(&self) -> &str {
        self.environment.account.as_ref().map_or("*", |account| account.as_str())
    }

    pub(super) fn regional(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.environment.region, self.account())
    }

    pub(super) fn global(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}::{}:{resource}", self.account())
    }

    /// API Gateway's ARNs have no account.
    pub(super) fn gateway(&self, path: &str) -> String {
        format!("arn:aws:apigateway:{}::{path}", self.environment.region)
    }

    pub(super) fn parameter(&self, path: &str) -> String {
        self.regional("ssm", &format!("parameter{path}"))
    }

    pub(super) fn artifact(&self, key: &str) -> String {
        format!("arn:aws:s3:::{}/{}/{key}", self.environment.artifact_bucket, self.environment.service)
    }

    pub(super) fn role(&self, name: &str) -> String {
        self.global("iam", &format!("role/{name}"))
    }

    /// The roles that CloudFormation makes for the functions: it names them itself, after the stack.
    pub(super) fn function_roles(&self) -> String {
        self.role(&format!("{}-*", stack_name(self.environment)))
    }

    /// The ARN of something of the platform; none where only the Parameter Store knows it and it was not read.
    pub(super) fn platform_arn(&self, parameter: &str, setting: &Setting<impl Display>) -> Option<String> {
        match setting {
            Setting::Literal(arn) => Some(arn.to_string()),
            Setting::Parameter(_) => self.facts.get(parameter).cloned(),
        }
    }
}
