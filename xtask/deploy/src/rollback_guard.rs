//! Alarms that roll back a deployment when they become active.

use anyhow::{Context, Result};
use aws_sdk_cloudformation::types::{RollbackConfiguration, RollbackTrigger};
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use stack::{DeployedTemplate, Environment};

use crate::connection::Connection;

/// The alarms that guard a deployment, and for how long they are watched after its last change.
#[derive(Clone, Debug, Default)]
pub(crate) struct RollbackGuard {
    alarms: Vec<Alarm>,
    monitoring_minutes: u32,
}

/// An alarm that can roll back the deployment.
#[derive(Clone, Debug)]
struct Alarm {
    name: String,
    arn: String,
}

impl RollbackGuard {
    /// Finds the alarms that guard a change from one template to another.
    ///
    /// An alarm that is active already would roll back every deployment, also the one that corrects its cause. It is
    /// reported, and guards nothing.
    pub(crate) async fn read(
        environment: &Environment,
        connection: &Connection,
        deployed: &DeployedTemplate,
        proposed: &DeployedTemplate,
    ) -> Result<Self> {
        let names = stack::rollback_triggers(deployed.as_value(), proposed.as_value());
        if names.is_empty() {
            return Ok(Self::default());
        }
        let mut alarms = Vec::new();
        for alarm in describe(connection, names).await? {
            let (Some(name), Some(arn)) = (alarm.alarm_name, alarm.alarm_arn) else { continue };
            if alarm.state_value == Some(StateValue::Alarm) {
                connection
                    .operator
                    .note(&format!("  alarm {name} is active already, so it does not guard this deployment"));
            } else {
                alarms.push(Alarm { name, arn });
            }
        }
        let monitoring_minutes = if alarms.is_empty() { 0 } else { environment.monitoring_minutes() };
        Ok(Self { alarms, monitoring_minutes })
    }

    /// Returns the settings for a change set.
    ///
    /// Without settings, CloudFormation uses those of the last operation:
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html>.
    pub(crate) fn configuration(&self) -> RollbackConfiguration {
        let trigger = |alarm: &Alarm| {
            RollbackTrigger::builder().arn(&alarm.arn).r#type("AWS::CloudWatch::Alarm").build()
        };
        RollbackConfiguration::builder()
            .set_rollback_triggers(Some(self.alarms.iter().map(trigger).collect()))
            .monitoring_time_in_minutes(self.monitoring_minutes.try_into().unwrap_or(i32::MAX))
            .build()
    }

    /// Describes what is watched after the last change, if anything is.
    pub(crate) fn watch(&self) -> Option<String> {
        let alarms = self.alarms.len();
        let minutes = self.monitoring_minutes;
        (minutes > 0).then(|| format!("all changed; {alarms} alarms are watched for {minutes} min"))
    }

    /// Returns which alarms are active now, with what they mean, if any is.
    ///
    /// CloudFormation names the alarm at most by its ARN. If the alarms cannot be read, the cause is left out.
    pub(crate) async fn active(&self, connection: &Connection) -> Option<String> {
        if self.alarms.is_empty() {
            return None;
        }
        let names = self.alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let alarms = describe(connection, names).await.unwrap_or_default();
        let active = alarms.iter().filter(|alarm| alarm.state_value == Some(StateValue::Alarm));
        let lines: Vec<String> = active
            .map(|alarm| {
                let name = alarm.alarm_name().unwrap_or_default();
                format!("alarm {name} became active: {}", alarm.alarm_description().unwrap_or_default())
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n  and "))
    }
}

async fn describe(connection: &Connection, names: Vec<String>) -> Result<Vec<MetricAlarm>> {
    let client = connection.cloudwatch();
    let response = client.describe_alarms().set_alarm_names(Some(names)).send().await;
    let response = response.context("cannot read the alarms that guard the deployment")?;
    Ok(response.metric_alarms.unwrap_or_default())
}
