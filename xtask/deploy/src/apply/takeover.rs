//! Updates imported resources to match the template.
//!
//! An import changes no properties of a resource: a bucket, for example, keeps its old CORS rules. CloudFormation
//! reports the template as deployed nevertheless:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html>.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{PropertyDifference, StackResourceDrift, StackResourceDriftStatus};

use super::change_set::{ChangeSet, Proposal, Purpose};
use super::{Application, TemplateSource, execution};
use crate::advice::command_for;
use crate::drift;
use crate::rollback_guard::RollbackGuard;

/// Detects drift of the imported resources and reverts it.
///
/// It uses a drift-aware change set:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>.
pub(super) async fn update_to_template(
    client: &Client,
    application: &Application<'_>,
    template: &TemplateSource,
    imported: &[String],
) -> Result<()> {
    let stack_name = stack::stack_name(application.environment);
    let step = application.reporter.operator.begin("taken over");
    if drifted(client, &stack_name, imported).await?.is_empty() {
        step.done(&format!("{} as in the template", imported.join(", ")));
        return Ok(());
    }
    let guard = RollbackGuard::default();
    let proposal =
        ChangeSet::propose(client, application.environment, template, Purpose::RevertDrift, &guard).await?;
    if let Proposal::Changes(change_set) = proposal {
        let execution =
            execution::execute(client, &change_set, application.reporter, application.phase).await?;
        execution.follow(client).await?;
    }
    let remaining = drifted(client, &stack_name, imported).await?;
    if remaining.is_empty() {
        step.done(&format!("{} changed to match the template", imported.join(", ")));
        return Ok(());
    }
    drop(step);
    bail!(
        "the stack is deployed, but the imported resources still differ from the template: {}\nset them by \
         hand to the values that {} shows as deployed",
        remaining.join(", "),
        command_for(&application.environment.name, "drift")
    )
}

/// Returns the properties that differ from the template, each prefixed with its resource.
async fn drifted(client: &Client, stack_name: &str, resources: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for resource in resources {
        let request = client.detect_stack_resource_drift().stack_name(stack_name);
        let response = request.logical_resource_id(resource).send().await;
        let drift = response
            .with_context(|| format!("cannot compare {resource} with the template"))?
            .stack_resource_drift
            .with_context(|| {
                format!("CloudFormation returned no comparison of {resource} with the template")
            })?;
        found.extend(properties_of(&drift).into_iter().map(|property| format!("{resource}{property}")));
    }
    Ok(found)
}

fn properties_of(drift: &StackResourceDrift) -> Vec<String> {
    let resource_type = drift.resource_type.as_deref().unwrap_or_default();
    let path = |difference: &PropertyDifference| {
        let is_known = drift::is_known(resource_type, difference);
        (!is_known).then(|| difference.property_path.clone().unwrap_or_default())
    };
    match drift.stack_resource_drift_status {
        Some(StackResourceDriftStatus::Modified) => {
            drift.property_differences().iter().filter_map(path).collect()
        }
        Some(StackResourceDriftStatus::Deleted) => vec![" was deleted".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        DifferenceType, PropertyDifference, StackResourceDrift, StackResourceDriftStatus,
    };

    use super::properties_of;

    #[test]
    fn transition_without_days_is_not_drift() {
        let difference = |path: &str, expected: &str| {
            let difference = PropertyDifference::builder().property_path(path).expected_value(expected);
            difference.actual_value("null").difference_type(DifferenceType::Remove).build()
        };
        let days = "/LifecycleConfiguration/Rules/0/Transitions/0/TransitionInDays";
        let drift = StackResourceDrift::builder()
            .resource_type("AWS::S3::Bucket")
            .stack_resource_drift_status(StackResourceDriftStatus::Modified)
            .property_differences(difference(days, "0"))
            .property_differences(difference("/CorsConfiguration", "{}"))
            .build();
        assert_eq!(properties_of(&drift), ["/CorsConfiguration"]);
        let later = StackResourceDrift::builder()
            .resource_type("AWS::S3::Bucket")
            .stack_resource_drift_status(StackResourceDriftStatus::Modified)
            .property_differences(difference(days, "30"))
            .build();
        assert_eq!(properties_of(&later), [days]);
    }
}
