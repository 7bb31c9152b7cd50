use super::{RecoverySettings, recover};
use crate::apply::testing::REPORTER;
use crate::apply::testing::{
    Request, Response, STACK_ID, ScriptedCloudFormation, events, stack_in, stack_with,
};
use crate::apply::{PhaseCell, TemplateSource};
use crate::artifact_bucket::ArtifactBucket;
use crate::artifact_bucket::testing::FakeBucket;
use crate::consent::Consent;
use crate::lock::LockGuard;

const STACK: &str = "AWS::CloudFormation::Stack";
const EXPRESS: &str = "<DeploymentConfig><Mode>EXPRESS</Mode></DeploymentConfig>";

async fn recover_stack(cloudformation: &ScriptedCloudFormation, skip: &[&str]) -> anyhow::Result<()> {
    let environment = command_line::environment::load("dev").unwrap();
    let skip: Vec<String> = skip.iter().map(|id| (*id).to_owned()).collect();
    let phase = PhaseCell::default();
    let fake = FakeBucket::start().await;
    let bucket = ArtifactBucket::new(&environment, &fake.connection);
    let settings = RecoverySettings {
        environment: &environment,
        consent: Consent::Given,
        lock: &LockGuard::new(&environment, &fake.connection, &bucket, "deploy"),
        may_lose_data: false,
        skip: &skip,
        reporter: REPORTER,
        phase: &phase,
    };
    let template = async || Ok(TemplateSource::Body("the last template".to_owned()));
    recover(&cloudformation.client, "stack", &settings, template).await
}

/// Returns a CloudFormation with a failed update, where `action` moves the stack to `result`.
async fn failed_update(
    elements: &'static str,
    action: &'static str,
    result: &'static str,
) -> ScriptedCloudFormation {
    ScriptedCloudFormation::start(move |asked, _: &Request, before| match asked {
        "DescribeStacks" if before == 0 => stack_with("UPDATE_FAILED", elements),
        "DescribeStacks" => stack_in(result),
        "DescribeStackEvents" if before == 0 => events(&[]),
        "DescribeStackEvents" => events(&[("stack", STACK, result, "")]),
        asked if asked == action => Response::Result(format!("<StackId>{STACK_ID}</StackId>")),
        asked => panic!("{asked}"),
    })
    .await
}

#[tokio::test]
async fn failed_update_is_rolled_back() {
    let cloudformation = failed_update("", "RollbackStack", "UPDATE_ROLLBACK_COMPLETE").await;
    recover_stack(&cloudformation, &[]).await.unwrap();
    let [request] = &cloudformation.requests("RollbackStack")[..] else { panic!("not once") };
    assert_eq!(request["StackName"], STACK_ID);
}

/// `RollbackStack` "is not supported for stacks that were last updated using EXPRESS deployment mode", and later
/// operations "must use the same DeploymentConfig": <https://github.com/aws/aws-cdk-cli/issues/1739>. With rollback,
/// CloudFormation "cannot update a stack already in UPDATE_FAILED": <https://github.com/aws/aws-cdk-cli/pull/1970>.
#[tokio::test]
async fn failed_express_update_gets_the_last_template_again() {
    let cloudformation = failed_update(EXPRESS, "UpdateStack", "UPDATE_COMPLETE").await;
    recover_stack(&cloudformation, &[]).await.unwrap();
    let [request] = &cloudformation.requests("UpdateStack")[..] else { panic!("not once") };
    assert_eq!(request["TemplateBody"], "the last template");
    assert_eq!(request["DeploymentConfig.Mode"], "EXPRESS");
    assert_eq!(request["DeploymentConfig.DisableRollback"], "true");
    assert!(!request.contains_key("DisableRollback"), "{request:?}");
}

/// Returns a CloudFormation with a failed rollback, which fails again unless the queue is skipped.
async fn stuck_rollback() -> ScriptedCloudFormation {
    let resource = |id: &str, status: &str, reason: &str| {
        format!(
            "<member><LogicalResourceId>{id}</LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType>\
             <ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let resources =
        [resource("Queue", "UPDATE_FAILED", "it is gone"), resource("Other", "UPDATE_COMPLETE", "")];
    let resources = format!("<StackResources>{}</StackResources>", resources.concat());
    let skipped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    ScriptedCloudFormation::start(move |action, request: &Request, before| {
        let order = std::sync::atomic::Ordering::Relaxed;
        let result = if skipped.load(order) { "UPDATE_ROLLBACK_COMPLETE" } else { "UPDATE_ROLLBACK_FAILED" };
        match action {
            "DescribeStacks" => stack_in(result),
            "DescribeStackResources" => Response::Result(resources.clone()),
            "DescribeEvents" => Response::Result(String::new()),
            "DescribeStackEvents" if before == 0 => events(&[]),
            "DescribeStackEvents" => events(&[
                ("Queue", "AWS::SQS::Queue", "UPDATE_FAILED", "it is gone"),
                ("stack", STACK, result, "The following resource(s) failed to update: [Queue]."),
            ]),
            "ContinueUpdateRollback" => {
                skipped.store(request.contains_key("ResourcesToSkip.member.1"), order);
                Response::Result(String::new())
            }
            action => panic!("{action}"),
        }
    })
    .await
}

#[tokio::test]
async fn rollback_that_gets_stuck_again_names_what_can_be_skipped() {
    let cloudformation = stuck_rollback().await;
    let error = recover_stack(&cloudformation, &[]).await.unwrap_err().to_string();
    assert!(error.contains("Queue (AWS::SQS::Queue): it is gone"), "{error}");
    assert!(error.contains("`cargo xtask deploy --skip Queue --env dev`"), "{error}");
    let [request] = &cloudformation.requests("ContinueUpdateRollback")[..] else { panic!("not once") };
    assert!(!request.contains_key("ResourcesToSkip.member.1"), "{request:?}");
}

#[tokio::test]
async fn only_resources_that_failed_to_roll_back_can_be_skipped() {
    let cloudformation = stuck_rollback().await;
    let error = recover_stack(&cloudformation, &["Other"]).await.unwrap_err().to_string();
    assert!(error.contains("Other cannot be skipped") && error.contains("Queue: it is gone"), "{error}");
    assert_eq!(cloudformation.requests("ContinueUpdateRollback").len(), 0);

    recover_stack(&cloudformation, &["Queue"]).await.unwrap();
    let [request] = &cloudformation.requests("ContinueUpdateRollback")[..] else { panic!("not once") };
    assert_eq!(request["ResourcesToSkip.member.1"], "Queue");
}

#[tokio::test]
async fn skip_is_rejected_without_a_failed_rollback() {
    let cloudformation = ScriptedCloudFormation::start(|action, _: &Request, _| match action {
        "DescribeStacks" => stack_in("UPDATE_COMPLETE"),
        action => panic!("{action}"),
    })
    .await;
    let error = recover_stack(&cloudformation, &["Queue"]).await.unwrap_err().to_string();
    assert!(error.contains("--skip is only for a failed rollback"), "{error}");
}
