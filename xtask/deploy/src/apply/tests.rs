use aws_config::SdkConfig;

use super::change_set::tests::{change, with_changes};
use super::testing::REPORTER;
use super::{Application, Mode, PhaseCell, TemplateSource};
use crate::approvals::Approvals;
use crate::connection::Connection;
use crate::rollback_guard::RollbackGuard;

/// Returns the modes of the change sets created for a template. The last one is executed.
async fn modes(replacement: &str) -> Vec<Option<String>> {
    let cloudformation = with_changes(vec![change("Queue", "Modify", replacement)]).await;
    let environment = command_line::environment::load("dev").unwrap();
    let connection = Connection::for_test(SdkConfig::builder().build());
    let phase = PhaseCell::default();
    let application = Application {
        environment: &environment,
        connection: &connection,
        approvals: &Approvals::default(),
        mode: Mode::Express,
        guard: &RollbackGuard::default(),
        waits: true,
        reporter: REPORTER,
        phase: &phase,
    };
    let body = TemplateSource::Body("{}".to_owned());
    application.propose(&cloudformation.client, &body).await.unwrap().unwrap();
    let requests = cloudformation.requests("CreateChangeSet");
    // All other change sets are deleted.
    assert_eq!(cloudformation.requests("DeleteChangeSet").len(), requests.len() - 1);
    requests.into_iter().map(|mut request| request.remove("DeploymentConfig.Mode")).collect()
}

/// <https://github.com/aws/aws-cdk-cli/issues/1931>
#[tokio::test]
async fn replacements_use_standard_mode() {
    let express = || Some("EXPRESS".to_owned());
    assert_eq!(modes("False").await, [express()]);
    assert_eq!(modes("Conditional").await, [express(), None]);
    assert_eq!(modes("True").await, [express(), None]);
}
