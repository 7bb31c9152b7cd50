//! CloudFormation and Cloud Control: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html>.
//!
//! What CloudFormation itself does to resources on behalf of its caller is in `handlers`.

use super::{Call, Required};
use crate::access::Access;
use crate::query::Query;

/// Operations that policies cannot allow on a stack.
const ON_EVERYTHING: [&str; 4] =
    ["DescribeAccountLimits", "DescribeStackDriftDetectionStatus", "ListStacks", "ValidateTemplate"];

/// Operations on a stack.
const ON_STACK: [&str; 23] = [
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "DeleteChangeSet",
    "DeleteStack",
    "DescribeChangeSet",
    "DescribeEvents",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResourceDrifts",
    "DescribeStackResources",
    "DescribeStacks",
    "DetectStackDrift",
    "DetectStackResourceDrift",
    "ExecuteChangeSet",
    "GetTemplate",
    "GetTemplateSummary",
    "ListChangeSets",
    "ListStackResources",
    "RollbackStack",
    "UpdateStack",
    "UpdateTerminationProtection",
];

pub(super) fn required(call: &Call<'_>) -> Required {
    let operation = call.operation();
    let form = call.form();
    if ON_EVERYTHING.contains(&operation.as_str()) {
        return Ok(vec![Access::on_everything(call.action(&operation))]);
    }
    if !ON_STACK.contains(&operation.as_str()) {
        return call.unknown(operation);
    }
    let mut required = vec![Access::new(call.action(&operation), stack(call, &form))];
    // It reads the template with the permissions of the caller:
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
    required.extend(form.get("TemplateURL").and_then(template));
    Ok(required)
}

/// Returns what an operation of Cloud Control needs itself.
pub(super) fn control(call: &Call<'_>) -> Required {
    let operation = call.operation();
    match operation.as_str() {
        "CreateResource"
        | "DeleteResource"
        | "GetResource"
        | "GetResourceRequestStatus"
        | "ListResourceRequests"
        | "ListResources"
        | "UpdateResource" => Ok(vec![Access::on_everything(call.action(&operation))]),
        _ => call.unknown(operation),
    }
}

/// Returns the ARN of the stack that a request names, directly or by its change set.
fn stack(call: &Call<'_>, form: &Query) -> String {
    let of_change_set = form.get("ChangeSetName").and_then(|change_set| call.policies.stack_of(change_set));
    match form.get("StackName").or(of_change_set) {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        // The name is enough, so the ARN has a constant in place of the stack's id.
        Some(name) => call.regional(&format!("stack/{name}/id")),
        // Without a name, an operation is on all stacks.
        None => call.regional("stack/*/*"),
    }
}

fn template(url: &str) -> Option<Access> {
    let uri: http::Uri = url.parse().ok()?;
    let (bucket, key) = super::object_of(uri.path())?;
    Some(Access::new("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")))
}
