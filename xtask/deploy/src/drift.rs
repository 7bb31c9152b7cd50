//! Detects drift: resources that were changed outside CloudFormation.

mod detection;
mod false_positive;
mod report;

use anyhow::Result;
use stack::Environment;

pub use self::false_positive::FalsePositive;
pub(crate) use self::false_positive::{is_known, is_omitted};
pub use self::report::{Difference, Drifted, NotChecked, Report};
use crate::connection::Connection;
use crate::deployed_stack::DeployedStack;
use crate::stack_resources;

/// The result of a drift detection.
pub struct Detection {
    /// The state of all resources.
    pub report: Report,
    /// Why CloudFormation could not check some resources, or `None` if it checked all.
    pub incomplete: Option<String>,
}

/// Compares every resource of an environment's stack with its template.
pub async fn detect(environment: &Environment, connection: &Connection) -> Result<Detection> {
    let client = connection.cloudformation();
    let stack_name = stack::stack_name(environment);
    DeployedStack::get(&client, environment).await?;
    let step = connection.operator.begin("drift");
    let incomplete = detection::run(&client, &stack_name).await?;
    let drifts = detection::results(&client, &stack_name).await?;
    let report = Report::new(stack_resources::list(&client, &stack_name).await?, drifts);
    step.done(&report.summary());
    Ok(Detection { report, incomplete })
}
