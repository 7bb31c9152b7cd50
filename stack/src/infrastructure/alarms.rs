//! Alarms. The description of each says what it means, what to do first, and where its page in the runbook is.
//!
//! One cause makes several alarms active, so those that share causes notify through one composite alarm: see `health`.

mod api;
mod builder;
mod functions;
mod health;
mod measures;
mod queues;
mod signing_keys;

use super::context::Context;
use super::gateway::Gateway;
use super::platform;
use crate::cloudformation::{Template, Value};
use crate::signing_key::SigningKeys;
use builder::Alarms;
pub(crate) use signing_keys::{KEY_AGE_ALARM, watch_keys};

/// Adds the alarms, and returns the ARNs of those that do not depend on signing keys, those first that notify.
pub(super) fn add(
    template: &mut Template,
    context: &Context<'_>,
    gateway: &Gateway,
    keys: &SigningKeys,
) -> Vec<Value<String>> {
    let topic = context.environment.alarm_topic.as_ref();
    let topic =
        topic.map(|it| platform::value(template, "AlarmTopicArn", "ARN of the SNS topic for alarms.", it));
    let mut alarms = Alarms::new(template, context, topic);
    queues::add(&mut alarms);
    functions::add(&mut alarms);
    api::add(&mut alarms, gateway);
    signing_keys::add_failures(&mut alarms);
    health::add(&mut alarms);
    let arns = alarms.arns();
    signing_keys::add_age(&mut alarms, keys);
    arns
}

#[cfg(test)]
mod tests;
