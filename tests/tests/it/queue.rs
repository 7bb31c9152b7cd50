//! Dead letters: what `cargo xtask queue` shows of them, and how it moves them back.

use serde_json::json;
use stack::OutputName;

use crate::aws::Aws;
use crate::database::Database;
use crate::fixture::{Created, Dataset};
use crate::stack::{run_xtask_of_stack, stack};
use crate::waiting::eventually;

/// `cargo xtask queue …`
async fn queue(arguments: &[&str]) -> (Option<i32>, String, String) {
    run_xtask_of_stack(&[&["queue"], arguments].concat()).await
}

#[tokio::test]
async fn dead_letters_are_shown_with_reasons_and_redriven() {
    let (stack, aws, mut database) = (stack().await, Aws::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let file = dataset.deleted_file(None, "stuck.csv", b"1\n").await;
    let dataset_id = restoring(&mut database, &file).await;
    // A later release may write this, and the restore function accepts it.
    let package = json!({ "id": file.id, "nodeId": file.node_id, "type": 99 });
    let organization = stack.organization_id;
    let message = json!({
        "orgId": organization, "datasetId": dataset_id, "userId": "N:user:1", "package": package,
    });
    for body in [message.to_string(), "no message".to_owned()] {
        aws.send(&stack.queues.dead_letters, &body).await;
    }
    aws.set_oldest_message_age(&stack.queues.dead_letters, 7300).await;

    let (code, stdout, stderr) = queue(&["status"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    let summary = stdout.lines().find(|line| line.contains("dead letters")).unwrap();
    assert!(summary.trim_end().ends_with("2 h"), "{summary}");
    let line = stdout.lines().find(|line| line.contains(&file.node_id)).unwrap_or_else(|| panic!("{stdout}"));
    assert!(line.contains("the package is still RESTORING"), "{line}");
    assert!(stdout.contains("the body is not a restore message: wrong syntax at line 1, column"), "{stdout}");
    assert!(!stdout.contains("no message"), "a body is not repeated");

    let (code, _, stderr) = queue(&["redrive"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("--yes"), "{stderr}");
    assert_eq!(aws.messages_in(&stack.queues.dead_letters).await, 2);

    let (code, stdout, stderr) = queue(&["redrive", "--yes"]).await;
    assert_eq!((code, &*stdout), (Some(0), "1 moved\n"), "{stderr}");
    assert!(stderr.contains("1 are not restore messages"), "{stderr}");
    let ready = async || (database.package(&file.node_id).await.state == "READY").then_some(());
    eventually("the package is READY", ready).await;
    assert_eq!(aws.messages_in(&stack.queues.dead_letters).await, 1);
}

#[tokio::test]
async fn failed_message_is_received_again_before_the_visibility_timeout() {
    let (stack, aws, mut database) = (stack().await, Aws::new().await, Database::connect().await);
    let mut dataset = Dataset::create().await;
    let file = dataset.deleted_file(None, "failed once.csv", b"1\n").await;
    let message = json!({
        "orgId": stack.organization_id, "datasetId": restoring(&mut database, &file).await, "userId": "N:user:1",
        "package": { "id": file.id, "nodeId": file.node_id },
    });
    // The package does not exist until it has its node id again.
    rename(&mut database, &file, &format!("{}-hidden", file.node_id)).await;
    aws.send(&stack.queues.restore, &message.to_string()).await;
    let failure = format!("package {} does not exist in its dataset", file.id);
    let has_failed = async || aws.has_logged(OutputName::RestoreFunctionName, &failure).await.then_some(());
    eventually("the message has failed", has_failed).await;
    rename(&mut database, &file, &file.node_id).await;
    // The visibility timeout of the queue is ninety minutes.
    let ready = async || (database.package(&file.node_id).await.state == "READY").then_some(());
    eventually("the package is READY", ready).await;
}

/// Moves a file to RESTORING, and returns its dataset.
async fn restoring(database: &mut Database, file: &Created) -> i32 {
    let sql =
        database.sql("UPDATE {schema}.packages SET state = 'RESTORING' WHERE id = $1 RETURNING dataset_id");
    sqlx::query_scalar(sql).bind(file.id).fetch_one(&mut database.connection).await.unwrap()
}

/// Gives a file another node id.
async fn rename(database: &mut Database, file: &Created, node_id: &str) {
    let sql = database.sql("UPDATE {schema}.packages SET node_id = $2 WHERE id = $1");
    sqlx::query(sql).bind(file.id).bind(node_id).execute(&mut database.connection).await.unwrap();
}
