//! The resources of the system on AWS.
//!
//! Each module adds the resources of one part to the template and returns what other parts refer to.

mod alarms;
mod api_function;
mod assets_bucket;
mod authorizer_function;
mod context;
mod dashboard;
mod distribution;
mod function;
mod gateway;
mod names;
mod own_metrics;
mod platform;
mod restore_function;
mod restore_queue;
mod signing_keys;

use crate::cloudformation::{FunctionAttribute, Template};
use crate::inputs::Inputs;
use crate::output::OutputName;
pub(crate) use alarms::{KEY_AGE_ALARM, watch_keys};
pub(crate) use api_function::{ACTIVE_KEY_VARIABLES, API_FUNCTION, PROXIED_BUCKETS};
pub(crate) use authorizer_function::AUTHORIZER_VARIABLES;
use context::Context;
use names::Names;
pub use names::short_name;
pub(crate) use signing_keys::{KEY_GROUP, key_resource_fingerprint};

pub(crate) fn build(inputs: &Inputs<'_>) -> Template {
    let environment = inputs.environment;
    let mut template = Template::new(format!("The packages service, environment {}.", environment.name));
    let context = Context { environment, artifacts: inputs.artifacts, names: Names::new(environment) };

    let keys = signing_keys::add(&mut template, &context, inputs.signing_keys);
    let bucket = assets_bucket::add(&mut template, &context);
    let distribution = distribution::add(&mut template, &context, &bucket, &keys);
    assets_bucket::add_policy(&mut template, &bucket, &distribution, &keys);
    let queues = restore_queue::add(&mut template, &context);
    let cdn_domain = distribution::domain(&mut template, environment, &distribution);

    let api_function = api_function::add(&mut template, &context, &bucket, &cdn_domain, &queues, &keys);
    let restore_function = restore_function::add(&mut template, &context, &queues);
    let authorizer = authorizer_function::add(&mut template, &context);
    let gateway = gateway::add(&mut template, &context, &api_function, &authorizer);
    let alarms = alarms::add(&mut template, &context, &gateway, inputs.signing_keys);
    dashboard::add(&mut template, &context, &gateway, &distribution, &alarms);

    let mut output = |name: OutputName, value| template.add_output(name.as_str(), name.description(), value);
    output(OutputName::ApiId, gateway.api.reference());
    output(OutputName::ApiUrl, gateway.url);
    output(OutputName::AssetsBucketName, bucket.reference());
    output(OutputName::DistributionDomainName, cdn_domain);
    output(OutputName::DistributionId, distribution.reference());
    output(OutputName::RestoreQueueUrl, queues.restore.reference());
    output(OutputName::RestoreDeadLetterQueueUrl, queues.dead_letters.reference());
    output(OutputName::ApiFunctionName, api_function.reference());
    output(OutputName::ApiFunctionArn, api_function.attribute(FunctionAttribute::Arn));
    output(OutputName::RestoreFunctionName, restore_function.reference());
    output(OutputName::RestoreFunctionArn, restore_function.attribute(FunctionAttribute::Arn));
    if let Some(function) = authorizer.own() {
        output(OutputName::AuthorizerFunctionName, function.reference());
        output(OutputName::AuthorizerFunctionArn, function.attribute(FunctionAttribute::Arn));
    }
    if let Some(group) = &keys.group {
        output(OutputName::KeyGroupId, group.reference());
    }
    template
}

#[cfg(test)]
pub(crate) mod tests;
