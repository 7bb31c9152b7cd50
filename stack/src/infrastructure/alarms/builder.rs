//! How an alarm is added.

use crate::cloudformation::{
    Alarm, AlarmRule, Comparison, CompositeAlarm, Dimension, Handle, Measure, Metric, Number,
    PseudoParameter, Template, Value, text,
};
use crate::function_name::FunctionName;
use crate::infrastructure::context::Context;
use crate::infrastructure::own_metrics;
use crate::rollback_triggers;

/// An alarm on a metric.
pub(super) struct Definition<'a> {
    /// The logical id.
    pub(super) id: &'a str,
    pub(super) text: Text<'a>,
    pub(super) notification: Notification,
    pub(super) measure: Measure,
    pub(super) comparison: Comparison,
    pub(super) threshold: u64,
    pub(super) periods: Number<1, 1440>,
}

/// What an alarm tells people.
pub(super) struct Text<'a> {
    /// The short name, which is also the anchor of its page in the runbook.
    pub(super) name: &'a str,
    /// What is wrong while it is active.
    pub(super) meaning: &'a str,
    /// The arguments of the command to run first.
    pub(super) command: &'a str,
    /// What that command shows, or what to do next.
    pub(super) then: &'a str,
}

/// How people are notified of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notification {
    /// By the alarm.
    Own,
    /// By the composite alarm of the API.
    ApiHealth,
    /// By the composite alarm of restores.
    RestoreHealth,
}

pub(super) struct Alarms<'a> {
    template: &'a mut Template,
    pub(super) context: &'a Context<'a>,
    /// The topic for notifications, if the environment has one.
    topic: Option<Value<String>>,
    added: Vec<AddedAlarm>,
    /// The names of the composite alarms.
    composites: Vec<String>,
}

/// An alarm on a metric that was added.
struct AddedAlarm {
    notification: Notification,
    name: String,
    handle: Handle<Alarm>,
}

impl<'a> Alarms<'a> {
    pub(super) fn new(
        template: &'a mut Template,
        context: &'a Context<'a>,
        topic: Option<Value<String>>,
    ) -> Self {
        Self { template, context, topic, added: Vec::new(), composites: Vec::new() }
    }

    pub(super) fn add(&mut self, alarm: Definition<'_>) {
        let actions = match alarm.notification {
            Notification::Own => self.actions(),
            Notification::ApiHealth | Notification::RestoreHealth => Vec::new(),
        };
        let name = self.context.names.service_resource(alarm.text.name);
        let handle = self.template.add(
            alarm.id,
            Alarm {
                alarm_name: name.clone(),
                alarm_description: self.description(&alarm.text),
                alarm_actions: actions.clone(),
                ok_actions: actions,
                comparison_operator: alarm.comparison,
                threshold: alarm.threshold,
                evaluation_periods: alarm.periods,
                treat_missing_data: "notBreaching",
                measure: alarm.measure,
            },
        );
        self.added.push(AddedAlarm { notification: alarm.notification, name, handle });
    }

    /// Adds the alarm through which others notify.
    ///
    /// It names them. A reference could change with any property of an alarm, and a review would say so.
    pub(super) fn add_composite(&mut self, id: &str, text: &Text<'_>, notification: Notification) {
        let name = self.context.names.service_resource(text.name);
        let members: Vec<&AddedAlarm> =
            self.added.iter().filter(|alarm| alarm.notification == notification).collect();
        let composite = CompositeAlarm {
            alarm_name: name.clone(),
            alarm_description: self.description(text),
            alarm_rule: AlarmRule::any_of(members.iter().map(|alarm| alarm.name.as_str())),
            alarm_actions: self.actions(),
            ok_actions: self.actions(),
        };
        let handle = self.template.add(id, composite);
        // CloudWatch rejects a rule with an alarm that does not exist, and keeps an alarm that a rule names:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
        for member in members {
            self.template.depend(&handle, &member.handle);
        }
        self.composites.push(name);
    }

    /// Lets an alarm that becomes active during a deployment roll it back.
    pub(super) fn guards_deployments(&mut self, id: &str) {
        self.template.add_metadata(rollback_triggers::METADATA, id.to_owned(), "AWS::CloudWatch::Alarm");
    }

    /// Returns the ARNs of the alarms that were added so far, those first that notify.
    pub(super) fn arns(&self) -> Vec<Value<String>> {
        let (notifying, members): (Vec<_>, Vec<_>) =
            self.added.iter().partition(|alarm| alarm.notification == Notification::Own);
        let alarms = notifying.into_iter().chain(members).map(|alarm| &alarm.name);
        self.composites.iter().chain(alarms).map(|name| arn(name)).collect()
    }

    /// Returns a metric of Lambda for a function.
    pub(super) fn function_metric(&self, function: FunctionName, metric_name: &'static str) -> Metric {
        let value = self.context.names.function(function).into();
        Metric {
            namespace: "AWS/Lambda",
            metric_name,
            dimensions: vec![Dimension { name: "FunctionName", value }],
        }
    }

    /// Returns a metric that a function writes itself.
    pub(super) fn own_metric(&self, function: FunctionName, metric: openapi::telemetry::Metric) -> Metric {
        let value = self.context.names.function(function).into();
        Metric {
            namespace: openapi::telemetry::NAMESPACE,
            metric_name: metric.name,
            dimensions: vec![Dimension { name: own_metrics::FUNCTION, value }],
        }
    }

    fn actions(&self) -> Vec<Value<String>> {
        self.topic.iter().cloned().collect()
    }

    /// CloudWatch accepts 1,024 characters:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>.
    fn description(&self, text: &Text<'_>) -> String {
        let Text { name, meaning, command, then } = text;
        let environment = &self.context.environment.name;
        format!(
            "{meaning} First run `cargo xtask {command} --env {environment}`: {then} \
             Runbook: docs/runbook.md#{name}"
        )
    }
}

fn arn(name: &str) -> Value<String> {
    use PseudoParameter::{AccountId, Partition, Region};
    text!["arn:", Partition, ":cloudwatch:", Region, ":", AccountId, ":alarm:", name.to_owned()]
}
