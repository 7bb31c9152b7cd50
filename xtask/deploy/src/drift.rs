//! Detects drift: resources that were changed outside CloudFormation.

mod attached;
mod detection;
mod false_positive;
mod properties;
mod repair;
mod report;

use anyhow::Result;
use stack::Environment;

pub use self::attached::{Attached, AttachedChange};
pub use self::false_positive::FalsePositive;
pub(crate) use self::false_positive::{is_known, is_omitted};
pub use self::repair::Repair;
pub use self::report::{Difference, Drifted, NotChecked, Report};
use crate::connection::Connection;
use crate::deployed_stack::{Deployed, DeployedStack};
use crate::live_resources::{MissingResource, UncheckedResource};
use crate::{live_resources, stack_resources};

/// The result of a drift detection.
pub struct Detection {
    /// The state of all resources.
    pub report: Report,
    /// Why CloudFormation could not check some resources, or `None` if it checked all.
    pub incomplete: Option<String>,
    /// Resources of types that CloudFormation does not check, and that no longer exist.
    pub missing: Vec<MissingResource>,
    /// What was added to the resources, or removed from them.
    pub attached: Vec<Attached>,
    /// Resources for which additions and removals could not be looked up.
    pub unchecked: Vec<UncheckedResource>,
}

impl Detection {
    /// Returns whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.report.is_clean() && self.missing.is_empty() && self.attached.is_empty()
    }
}

/// Compares every resource of an environment's stack with its template.
pub async fn detect(environment: &Environment, connection: &Connection) -> Result<Detection> {
    let client = connection.cloudformation();
    let stack_name = stack::stack_name(environment);
    let stack = DeployedStack::get(&client, environment).await?;
    let template = stack.template(&client).await?;
    let deployed = Deployed { stack, template };
    let step = connection.operator.begin("drift");
    let incomplete = detection::run(&client, &stack_name).await?;
    let drifts = detection::results(&client, &stack_name).await?;
    let resources = stack_resources::list(&client, &stack_name).await?;
    let report = Report::new(resources.clone(), drifts);
    // CloudFormation does not check whether resources of all types exist.
    let (mut live, (attached, unchecked)) = tokio::join!(
        live_resources::look_up(connection, &resources, deployed.template.as_value()),
        attached::find(connection, &resources, &deployed)
    );
    live.missing.retain(|missing| report.not_checked.iter().any(|it| it.logical_id == missing.resource));
    step.done(&report.summary());
    Ok(Detection { report, incomplete, missing: live.missing, attached, unchecked })
}
