//! The status of an environment.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_cloudwatch::types::StateValue;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use stack::{Environment, OutputName};

use crate::apply::{Detail, EventLog, Operation, Reporter, follow};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::deployed_stack::{Condition, Deployed, DeployedStack};
use crate::lock::{self, Holder};
use crate::release::{Release, ReleaseStore, TemplateHash};

/// The status of an environment.
#[derive(Serialize)]
pub struct Status {
    /// The name of the stack.
    pub stack: String,
    /// The AWS account ID.
    pub account: String,
    /// The status in CloudFormation, or `None` if there is no stack.
    pub condition: Option<String>,
    /// When the stack was last changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// The deployed release, or `None` if nothing is deployed or no release has deployed the template.
    pub release: Option<Release>,
    /// The holder of the environment's lock.
    pub lock: Option<Holder>,
    /// The distribution, and whether it is deployed.
    pub distribution: Option<String>,
    /// The active alarms.
    pub alarms: Vec<String>,
}

/// Follows the current operation on the stack, if there is one.
pub async fn follow_stack(environment: &Environment, connection: &Connection) -> Result<()> {
    let client = connection.cloudformation();
    let name = stack::stack_name(environment);
    let Some(stack) = DeployedStack::find(&client, &name).await? else { return Ok(()) };
    if stack.condition != Condition::Changing {
        return Ok(());
    }
    let reporter = Reporter {
        environment: environment.name.as_str(),
        operator: &*connection.operator,
        detail: Detail::Resources,
    };
    let mut log = EventLog::with_current_operation(&client, &stack.id).await?;
    follow(&client, &mut log, &name, Operation::Other, reporter).await
}

impl Status {
    /// Reads the status of an environment.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Self> {
        let bucket = ArtifactBucket::new(environment, connection);
        let store = ReleaseStore::new(&bucket, environment);
        let (deployed, history, lock, alarms) = tokio::try_join!(
            Deployed::read(environment, connection),
            store.history(),
            lock::holder(&bucket, environment),
            alarms(environment, connection),
        )?;
        let mut status = Self {
            stack: stack::stack_name(environment),
            account: connection.account.clone(),
            condition: None,
            changed_at: None,
            release: None,
            lock,
            distribution: None,
            alarms: Vec::new(),
        };
        if let Some(deployed) = deployed {
            status.alarms = active_alarms(deployed.template.as_value(), alarms);
            let hash = TemplateHash::new(&deployed.template)?;
            status.release = history.deployed(Some(&hash)).cloned();
            status.condition = Some(deployed.stack.status.to_string());
            status.changed_at = deployed.stack.changed_at;
            if let Ok(id) = deployed.stack.outputs.get(OutputName::DistributionId) {
                status.distribution = Some(distribution(connection, id).await?);
            }
        } else {
            let client = connection.cloudformation();
            let broken = DeployedStack::find(&client, &status.stack).await?;
            status.condition = broken.map(|stack| stack.status.to_string());
        }
        Ok(status)
    }
}

async fn distribution(connection: &Connection, id: &str) -> Result<String> {
    let client = connection.cloudfront();
    let response = client.get_distribution().id(id).send().await;
    let response = response.with_context(|| format!("cannot read the distribution {id}"))?;
    let distribution = response.distribution.with_context(|| format!("there is no distribution {id}"))?;
    Ok(format!("{id} {} ({})", distribution.domain_name, distribution.status))
}

/// Returns the names of alarms that belong to a template.
///
/// Other stacks may have alarms that begin with the name of this stack.
fn active_alarms(template: &Value, names: Vec<String>) -> Vec<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let alarms = resources.filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    let own: BTreeSet<&str> =
        alarms.filter_map(|(_, alarm)| alarm["Properties"]["AlarmName"].as_str()).collect();
    names.into_iter().filter(|name| own.contains(name.as_str())).collect()
}

/// Returns the names of all active alarms that begin with the name of the environment's stack.
async fn alarms(environment: &Environment, connection: &Connection) -> Result<Vec<String>> {
    let client = connection.cloudwatch();
    let prefix = format!("{}-", stack::stack_name(environment));
    let request = client.describe_alarms().alarm_name_prefix(prefix).state_value(StateValue::Alarm);
    let response = request.send().await.context("cannot read the alarms")?;
    Ok(response.metric_alarms.unwrap_or_default().into_iter().filter_map(|alarm| alarm.alarm_name).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::active_alarms;

    #[test]
    fn alarms_of_a_stack_with_a_longer_name_are_not_shown() {
        let alarm =
            |name: &str| json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": { "AlarmName": name } });
        let template = json!({ "Resources": {
            "Errors": alarm("dev-packages-service-api-errors-use1"),
            "Queue": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "dev-packages-service-queue" } },
        }});
        let names = ["dev-packages-service-api-errors-use1", "dev-packages-service-api-errors-use1-v2"];
        let active = active_alarms(&template, names.map(str::to_owned).to_vec());
        assert_eq!(active, ["dev-packages-service-api-errors-use1"]);
    }
}
