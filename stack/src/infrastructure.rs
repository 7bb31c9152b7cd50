//! The resources of the system on AWS.
//!
//! Each module adds the resources of one part to the template and returns what other parts refer to.

mod alarms;
mod api_function;
mod assets_bucket;
mod authorizer_function;
mod dashboard;
mod distribution;
mod function;
mod gateway;
mod names;
mod platform;
mod restore_function;
mod restore_queue;
mod signing_keys;

use crate::cloudformation::{Function, FunctionAttribute, Handle, Template};
use crate::{Artifacts, Environment, Inputs, OutputName};
pub(crate) use alarms::{KEY_AGE_ALARM, watch_keys};
pub(crate) use api_function::{ACTIVE_KEY_VARIABLES, API_FUNCTION, PROXIED_BUCKETS};
pub(crate) use authorizer_function::AUTHORIZER_VARIABLES;
use authorizer_function::Authorizer;
use names::Names;
pub(crate) use signing_keys::{KEY_GROUP, key_resource_fingerprint};

/// What every part may need.
struct Context<'a> {
    environment: &'a Environment,
    artifacts: &'a Artifacts,
    names: Names<'a>,
}

/// The functions that the gateway and the queue invoke.
struct Functions {
    api: Handle<Function>,
    restore: Handle<Function>,
    authorizer: Authorizer,
}

pub(crate) fn build(inputs: &Inputs<'_>) -> Template {
    let environment = inputs.environment;
    let mut template = Template::new(format!("The packages service, environment {}.", environment.name));
    let context = Context { environment, artifacts: inputs.artifacts, names: Names::of(environment) };

    let keys = signing_keys::add(&mut template, &context, inputs.signing_keys);
    let bucket = assets_bucket::add(&mut template, &context);
    let distribution = distribution::add(&mut template, &context, &bucket, &keys);
    assets_bucket::add_policy(&mut template, &bucket, &distribution, &keys);
    let queues = restore_queue::add(&mut template, &context);
    let cdn_domain = distribution::domain(&mut template, environment, &distribution);

    let functions = Functions {
        api: api_function::add(&mut template, &context, &bucket, &cdn_domain, &queues, &keys),
        restore: restore_function::add(&mut template, &context, &queues),
        authorizer: authorizer_function::add(&mut template, &context),
    };
    let gateway = gateway::add(&mut template, &context, &functions);
    alarms::add(&mut template, &context, &gateway, inputs.signing_keys);
    dashboard::add(&mut template, &context, &gateway, &distribution);

    let mut output = |name: OutputName, value| template.add_output(name.as_str(), name.description(), value);
    output(OutputName::ApiId, gateway.api.reference());
    output(OutputName::ApiUrl, gateway.url);
    output(OutputName::AssetsBucketName, bucket.reference());
    output(OutputName::DistributionDomainName, cdn_domain);
    output(OutputName::DistributionId, distribution.reference());
    output(OutputName::RestoreQueueUrl, queues.restore.reference());
    output(OutputName::RestoreDeadLetterQueueUrl, queues.dead_letters.reference());
    output(OutputName::ApiFunctionName, functions.api.reference());
    output(OutputName::ApiFunctionArn, functions.api.attribute(FunctionAttribute::Arn));
    output(OutputName::RestoreFunctionName, functions.restore.reference());
    output(OutputName::RestoreFunctionArn, functions.restore.attribute(FunctionAttribute::Arn));
    if let Some(authorizer) = functions.authorizer.own() {
        output(OutputName::AuthorizerFunctionName, authorizer.reference());
        output(OutputName::AuthorizerFunctionArn, authorizer.attribute(FunctionAttribute::Arn));
    }
    if let Some(group) = &keys.group {
        output(OutputName::KeyGroupId, group.reference());
    }
    template
}

#[cfg(test)]
pub(crate) mod tests;
