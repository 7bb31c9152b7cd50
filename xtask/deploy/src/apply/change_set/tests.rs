use super::super::execution::execute;
use super::super::testing::REPORTER;
use super::super::testing::{Request, Response, STACK_ID, ScriptedCloudFormation, events, stack_in};
use super::super::{Mode, PhaseCell, TemplateSource};
use super::{ChangeSet, Proposal, Purpose};
use crate::rollback_guard::RollbackGuard;

const STACK: &str = "AWS::CloudFormation::Stack";

pub(in crate::apply) fn change(id: &str, action: &str, replacement: &str) -> String {
    format!(
        "<member><Type>Resource</Type><ResourceChange><LogicalResourceId>{id}</LogicalResourceId>\
         <Action>{action}</Action><Replacement>{replacement}</Replacement></ResourceChange></member>"
    )
}

/// Returns a CloudFormation with a stack, and with these changes for any template.
pub(in crate::apply) async fn with_changes(changes: Vec<String>) -> ScriptedCloudFormation {
    ScriptedCloudFormation::start(move |action, _: &Request, before| match action {
        "DescribeStacks" => stack_in("UPDATE_COMPLETE"),
        "CreateChangeSet" => Response::Result("<Id>change-set</Id>".to_owned()),
        "DescribeChangeSet" => Response::Result(format!(
            "<StackId>{STACK_ID}</StackId><Status>CREATE_COMPLETE</Status><Changes>{}</Changes>",
            changes.concat()
        )),
        "DeleteChangeSet" | "ExecuteChangeSet" => Response::Result(String::new()),
        "DescribeStackEvents" if before == 0 => events(&[]),
        "DescribeStackEvents" => events(&[("stack", STACK, "UPDATE_COMPLETE", "")]),
        action => panic!("{action}"),
    })
    .await
}

fn environment() -> stack::Environment {
    command_line::environment::load("dev").unwrap()
}

async fn propose(cloudformation: &ScriptedCloudFormation, purpose: Purpose) -> ChangeSet {
    let template = TemplateSource::Body("{}".to_owned());
    let proposal = ChangeSet::propose(
        &cloudformation.client,
        &environment(),
        &template,
        purpose,
        &RollbackGuard::default(),
    )
    .await
    .unwrap();
    let Proposal::Changes(change_set) = proposal else { panic!("no changes") };
    change_set
}

/// Returns the requests that create a change set and execute it.
async fn requests(mode: Mode) -> (Request, Request) {
    let cloudformation = with_changes(vec![change("Queue", "Modify", "False")]).await;
    let change_set = propose(&cloudformation, Purpose::Change(mode)).await;
    let phase = PhaseCell::default();
    let execution = execute(&cloudformation.client, &change_set, REPORTER, &phase).await.unwrap();
    execution.follow(&cloudformation.client).await.unwrap();
    let one = |action| cloudformation.requests(action).pop().unwrap();
    (one("CreateChangeSet"), one("ExecuteChangeSet"))
}

/// "CloudFormation disables rollback by default. To re-enable rollback when using express mode, set `disableRollback` to
/// `false`", and on execution "CloudFormation applies the express mode deployment configuration specified during change
/// set creation": <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html>.
/// The top-level field beside it is rejected: <https://github.com/aws/aws-sam-cli/pull/9106>.
#[tokio::test]
async fn express_mode_asks_for_rollback() {
    let (created, executed) = requests(Mode::Express).await;
    assert_eq!(created["DeploymentConfig.Mode"], "EXPRESS");
    assert_eq!(created["DeploymentConfig.DisableRollback"], "false");
    for request in [created, executed] {
        assert!(!request.contains_key("DisableRollback"), "{request:?}");
    }
}

/// The default of `DisableRollback` in `ExecuteChangeSet` is true:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html>.
#[tokio::test]
async fn standard_mode_asks_for_rollback() {
    let (created, executed) = requests(Mode::Standard).await;
    assert!(created.keys().all(|field| !field.contains("DeploymentConfig")), "{created:?}");
    assert_eq!(executed["DisableRollback"], "false");
}

#[tokio::test]
async fn change_set_lists_replaced_and_imported_resources() {
    let changes = [
        change("Kept", "Modify", "False"),
        change("Maybe", "Modify", "Conditional"),
        change("New", "Modify", "True"),
        change("Bucket", "Import", ""),
    ];
    let cloudformation = with_changes(changes.to_vec()).await;
    let change_set = propose(&cloudformation, Purpose::Change(Mode::Express)).await;
    assert_eq!(change_set.replaced(), ["Maybe", "New"]);
    assert_eq!(change_set.imported(), ["Bucket"]);
}

#[tokio::test]
async fn drift_is_reverted_by_a_drift_aware_change_set() {
    let cloudformation = with_changes(vec![change("Bucket", "Modify", "False")]).await;
    propose(&cloudformation, Purpose::RevertDrift).await;
    let request = cloudformation.requests("CreateChangeSet").pop().unwrap();
    assert_eq!(request["DeploymentMode"], "REVERT_DRIFT");
    assert_eq!(request["ChangeSetType"], "UPDATE");
}

/// Proposes a template for a new stack, with this status and reason of the change set.
async fn proposed(status: &'static str, reason: &'static str) -> (Result<Proposal, String>, Request) {
    let cloudformation = ScriptedCloudFormation::start(move |action, _: &Request, _| match action {
        "DescribeStacks" => Response::Error("Stack with id stack does not exist"),
        "CreateChangeSet" => Response::Result("<Id>change-set</Id>".to_owned()),
        "DescribeChangeSet" => Response::Result(format!(
            "<StackId>{STACK_ID}</StackId><Status>{status}</Status><StatusReason>{reason}</StatusReason>"
        )),
        "DeleteChangeSet" | "DescribeEvents" => Response::Result(String::new()),
        action => panic!("{action}"),
    })
    .await;
    let template = TemplateSource::Body("{}".to_owned());
    let purpose = Purpose::Change(Mode::Standard);
    let proposal = ChangeSet::propose(
        &cloudformation.client,
        &environment(),
        &template,
        purpose,
        &RollbackGuard::default(),
    )
    .await;
    let request = cloudformation.requests("CreateChangeSet").pop().unwrap();
    (proposal.map_err(|error| error.to_string()), request)
}

#[tokio::test]
async fn new_stack_imports_existing_resources() {
    let (_, request) = proposed("CREATE_COMPLETE", "").await;
    assert_eq!(request["ChangeSetType"], "CREATE");
    assert_eq!(request["ImportExistingResources"], "true");
}

/// CloudFormation uses both messages: <https://github.com/ansible-collections/amazon.aws/pull/507>.
#[tokio::test]
async fn change_set_that_failed_for_lack_of_changes_is_none() {
    for reason in [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ] {
        let (proposal, _) = proposed("FAILED", reason).await;
        assert!(matches!(proposal, Ok(Proposal::NoChanges)), "{reason}");
    }
}

/// <https://github.com/aws/aws-cdk-cli/pull/1367>
#[tokio::test]
async fn change_set_that_failed_over_a_taken_name_gets_advice() {
    let reason =
        "CloudFormation is attempting to import some resources because they already exist in your account.";
    let (proposal, _) = proposed("FAILED", reason).await;
    let error = proposal.err().unwrap();
    assert!(error.contains(reason) && error.contains("`cargo xtask diff --env dev`"), "{error}");
}

/// The SDK retries a request after a lost response.
///
/// CloudFormation may have created the change set by then.
#[tokio::test]
async fn change_set_of_a_lost_response_is_used() {
    let cloudformation = ScriptedCloudFormation::start(|action, request: &Request, _| match action {
        "DescribeStacks" => stack_in("UPDATE_COMPLETE"),
        "CreateChangeSet" => Response::AlreadyExists,
        "DescribeChangeSet" => Response::Result(format!(
            "<ChangeSetId>id of {}</ChangeSetId><StackId>{STACK_ID}</StackId><Status>CREATE_COMPLETE</Status>",
            request["ChangeSetName"]
        )),
        action => panic!("{action}"),
    })
    .await;
    let change_set = propose(&cloudformation, Purpose::Change(Mode::Standard)).await;
    assert_eq!(change_set.id, format!("id of {}", change_set.name));
}
