//! Detects drift: resources that were changed outside CloudFormation.

mod detection;
mod false_positive;
mod repair;
mod report;

use anyhow::Result;
use stack::Environment;

pub use self::false_positive::FalsePositive;
pub(crate) use self::false_positive::{is_known, is_omitted};
pub use self::repair::Repair;
pub use self::report::{Difference, Drifted, NotChecked, Report};
use crate::connection::Connection;
use crate::deployed_stack::{Deployed, DeployedStack};
use crate::live_resources::{LiveResources, MissingResource};
use crate::stack_resources;

/// The result of a drift detection.
pub struct Detection {
    /// The state of all resources.
    pub report: Report,
    /// Why CloudFormation could not check some resources, or `None` if it checked all.
    pub incomplete: Option<String>,
    /// Resources of types that CloudFormation does not check, and that no longer exist.
    pub missing: Vec<MissingResource>,
}

impl Detection {
    /// Returns whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.report.is_clean() && self.missing.is_empty()
    }
}

/// Compares every resource of an environment's stack with its template.
pub async fn detect(environment: &Environment, connection: &Connection) -> Result<Detection> {
    let client = connection.cloudformation();
    let stack_name = stack::stack_name(environment);
    let stack = DeployedStack::get(&client, environment).await?;
    let step = connection.operator.begin("drift");
    let incomplete = detection::run(&client, &stack_name).await?;
    let drifts = detection::results(&client, &stack_name).await?;
    let report = Report::new(stack_resources::list(&client, &stack_name).await?, drifts);
    step.done(&report.summary());
    // CloudFormation does not check whether resources of all types exist.
    let template = stack.template(&client).await?;
    let mut missing = LiveResources::look_up(connection, &Deployed { stack, template }).await.missing;
    missing.retain(|missing| report.not_checked.iter().any(|it| it.logical_id == missing.resource));
    Ok(Detection { report, incomplete, missing })
}
