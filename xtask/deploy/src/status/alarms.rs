//! The alarms of an environment and their states.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::primitives::DateTime as AwsTime;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use stack::Environment;

use crate::connection::Connection;

/// The last words of an alarm's description, before the page of the alarm in the runbook.
const RUNBOOK: &str = "Runbook: ";

/// The alarms of an environment.
#[derive(Debug, PartialEq, Serialize)]
pub struct Alarms {
    /// All of them: those that notify for others first, then by name.
    pub alarms: Vec<Alarm>,
}

/// An alarm.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The name.
    pub name: String,
    /// Whether it watches other alarms, and not a metric.
    pub is_composite: bool,
    /// The state, by its name in CloudWatch.
    pub state: String,
    /// Since when it has this state.
    pub since: Option<DateTime<Utc>>,
    /// The page in the runbook, such as `docs/runbook.md#api-5xx`.
    pub runbook: Option<String>,
}

impl Alarms {
    /// Reads the alarms of an environment: those that are in its template, as far as that is known.
    pub(super) async fn read(
        environment: &Environment,
        connection: &Connection,
        template: Option<&Value>,
    ) -> Result<Self> {
        let prefix = format!("{}-", stack::stack_name(environment));
        let request = connection
            .cloudwatch()
            .describe_alarms()
            .alarm_name_prefix(prefix)
            // Without this, there are only those that watch a metric:
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::MetricAlarm);
        let mut pages = request.into_paginator().send();
        let (mut composite, mut metric) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.context("cannot read the alarms")?;
            composite.extend(page.composite_alarms.unwrap_or_default().into_iter().map(of_composite));
            metric.extend(page.metric_alarms.unwrap_or_default().into_iter().map(of_metric));
        }
        let mut alarms: Vec<Alarm> = composite.into_iter().chain(metric).collect();
        if let Some(template) = template {
            let own = own_names(template);
            alarms.retain(|alarm| own.contains(alarm.name.as_str()));
        }
        Ok(Self { alarms })
    }

    /// Returns the active alarms.
    pub fn active(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(|alarm| alarm.state == StateValue::Alarm.as_str())
    }

    /// Returns whether an alarm is active whose page in the runbook has one of these names.
    pub(super) fn is_any_active(&self, names: &[&str]) -> bool {
        let page = |alarm: &Alarm| alarm.runbook.as_deref()?.rsplit('#').next().map(str::to_owned);
        self.active().filter_map(page).any(|name| names.contains(&name.as_str()))
    }
}

/// Returns the names of the alarms of a template.
///
/// Other stacks may have alarms that begin with the name of this stack.
fn own_names(template: &Value) -> BTreeSet<&str> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let types = ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"];
    let is_alarm = |resource: &Value| types.iter().any(|it| resource["Type"] == **it);
    let alarms = resources.filter(|(_, resource)| is_alarm(resource));
    alarms.filter_map(|(_, alarm)| alarm["Properties"]["AlarmName"].as_str()).collect()
}

fn of_metric(alarm: MetricAlarm) -> Alarm {
    Alarm {
        name: alarm.alarm_name.unwrap_or_default(),
        is_composite: false,
        state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        since: since(alarm.state_transitioned_timestamp, alarm.state_updated_timestamp),
        runbook: runbook(alarm.alarm_description.as_deref()),
    }
}

fn of_composite(alarm: CompositeAlarm) -> Alarm {
    Alarm {
        name: alarm.alarm_name.unwrap_or_default(),
        is_composite: true,
        state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        since: since(alarm.state_transitioned_timestamp, alarm.state_updated_timestamp),
        runbook: runbook(alarm.alarm_description.as_deref()),
    }
}

/// The time of the transition is that of the state; the other one is also that of a new reason for the same state.
fn since(transitioned: Option<AwsTime>, updated: Option<AwsTime>) -> Option<DateTime<Utc>> {
    transitioned.or(updated).and_then(|time| DateTime::from_timestamp(time.secs(), 0))
}

fn runbook(description: Option<&str>) -> Option<String> {
    let (_, page) = description?.rsplit_once(RUNBOOK)?;
    Some(page.trim().to_owned())
}

#[cfg(test)]
mod tests;
