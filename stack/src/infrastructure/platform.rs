//! Values of the surrounding platform, and ARNs.

use std::fmt::Display;

use crate::cloudformation::{Parameter, ParameterType, PseudoParameter, Template, Value, text};
use crate::environment::{
    Environment, ParameterPath, PlatformParameterKind, PlatformParameterType, Setting, StorageBucket,
};
use crate::platform_parameters::METADATA;

/// Returns the value of a setting: its literal, or a reference to a parameter of the template, which this adds.
pub(super) fn value<T: Display + PlatformParameterType>(
    template: &mut Template,
    id: &str,
    description: &'static str,
    setting: &Setting<T>,
) -> Value<String> {
    match setting {
        Setting::Literal(value) => Value::Literal(value.to_string()),
        Setting::Parameter(path) => {
            add_parameter(template, id, T::KIND, &parameter(ParameterType::Text, description, path))
        }
    }
}

/// Returns the value of a list of ids, which is always a parameter of the template.
pub(super) fn ids<T: PlatformParameterType>(
    template: &mut Template,
    id: &str,
    kind: ParameterType,
    description: &'static str,
    path: &ParameterPath,
) -> Value<Vec<String>> {
    add_parameter(template, id, T::KIND, &parameter(kind, description, path))
}

fn parameter(kind: ParameterType, description: &'static str, path: &ParameterPath) -> Parameter {
    Parameter { kind, description, path: path.as_str().to_owned() }
}

fn add_parameter<T>(
    template: &mut Template,
    id: &str,
    kind: PlatformParameterKind,
    parameter: &Parameter,
) -> Value<T> {
    template.add_metadata(METADATA, id, kind.into());
    template.add_parameter(id, parameter)
}

/// Returns the names of the buckets with files of packages, in the order of the environment.
pub(super) fn storage_buckets(template: &mut Template, environment: &Environment) -> Vec<Value<String>> {
    let buckets = environment.storage_buckets.iter().enumerate();
    let name = |(index, bucket): (usize, &StorageBucket)| {
        let id = format!("StorageBucket{}", index + 1);
        value(template, &id, "Name of a bucket of packages' files.", &bucket.name)
    };
    buckets.map(name).collect()
}

/// Returns an ARN in the stack's account and region.
pub(super) fn regional_arn(service: &str, resource: Value<String>) -> Value<String> {
    let [partition, region, account] =
        [PseudoParameter::Partition, PseudoParameter::Region, PseudoParameter::AccountId];
    text!["arn:", partition, ":", service, ":", region, ":", account, ":", resource]
}

/// Returns the ARN of a bucket.
pub(super) fn bucket_arn(name: &Value<String>) -> Value<String> {
    text!["arn:", PseudoParameter::Partition, ":s3:::", name]
}
