//! Claims of `POST /restore` whose responses are lost, and packages without a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use faults::{AwsProxy, Call, DatabaseProxy, Fate, Faults, Moment, Service};
use openapi::variables;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::aws::Aws;
use crate::database::Database;
use crate::fixture::{Created, Dataset};
use crate::function::{ApiFunction, ApiResponse, claims, event};
use crate::stack::{aws_proxy, run_xtask_of_stack, stack};
use crate::waiting::eventually;

/// A text that only the statement of a claim contains.
const CLAIM: &str = "SET state = 'RESTORING'";
/// Longer than the function waits for a response: the server receives the statement after the function has given up.
const LATENESS: Duration = Duration::from_secs(7);
const LATE: Fate = Fate::Delay(LATENESS);

/// Held by tests with packages that have been RESTORING for too long, which a repair would send.
static STUCK: Mutex<()> = Mutex::const_new(());

/// An API function with faults between it and the database, and a deleted file.
struct Claiming {
    function: ApiFunction,
    faults: Arc<Faults>,
    dataset: Dataset,
    file: Created,
    event: Value,
    _proxies: (AwsProxy, DatabaseProxy),
}

impl Claiming {
    async fn start(test: &str) -> Self {
        let port = Url::parse(&stack().await.database_url).unwrap().port().unwrap();
        let faults = Faults::new();
        let aws = aws_proxy(stack().await, &faults).await;
        let database = DatabaseProxy::start(port, Arc::clone(&faults)).await.unwrap();
        let variables = [
            (variables::AWS_ENDPOINT_URL, aws.url()),
            (variables::POSTGRES_PORT, &database.port().to_string()),
        ];
        let function = ApiFunction::start(test, &variables).await;
        let mut dataset = Dataset::create().await;
        let file = dataset.deleted_file(None, "claimed.csv", b"1\n").await;
        let mut claims = claims(3).await;
        claims["dataset_claim"]["NodeId"] = json!(dataset.node_id);
        let mut event = event("POST", "/restore", &[("dataset_id", &*dataset.node_id)], &claims);
        event["body"] = json!(json!({ "nodeIds": [file.node_id] }).to_string());
        Self { function, faults, dataset, file, event, _proxies: (aws, database) }
    }

    /// Requests the file, with these fates of the first claims. Later claims are forwarded.
    async fn restore(&self, fates: &'static [Fate]) -> ApiResponse {
        let claims = AtomicU32::new(0);
        self.faults.begin(move |call| {
            if !is_claim(call) {
                return Fate::Forward;
            }
            let number = claims.fetch_add(1, Ordering::Relaxed) as usize;
            fates.get(number).copied().unwrap_or(Fate::Forward)
        });
        self.function.respond(&self.event).await
    }

    fn queued(&self) -> (u16, String) {
        (200, format!(r#"{{"success":["{}"],"failures":[]}}"#, self.file.node_id))
    }

    /// Waits until the file is READY, which shows that its message was sent.
    async fn restored(&self) {
        let mut database = Database::connect().await;
        eventually("the file is READY", async || {
            (database.package(&self.file.node_id).await.state == "READY").then_some(())
        })
        .await;
    }

    /// Makes the file RESTORING since a number of minutes ago.
    async fn set_restoring_for(&self, minutes: i32) {
        let mut database = Database::connect().await;
        // The trigger would set the time.
        let sql = database.sql(&format!(
            "BEGIN; SET LOCAL session_replication_role = replica;
             UPDATE {{schema}}.packages SET state = 'RESTORING',
                 updated_at = now() AT TIME ZONE 'UTC' - interval '{minutes} minutes' WHERE id = {};
             COMMIT",
            self.file.id
        ));
        sqlx::raw_sql(sql).execute(&mut database.connection).await.unwrap();
    }

    async fn state(&self) -> String {
        Database::connect().await.package(&self.file.node_id).await.state
    }
}

fn is_claim(call: &Call) -> bool {
    call.service == Service::Database && call.operation.contains(CLAIM)
}

fn parts(response: ApiResponse) -> (u16, String) {
    (response.status, response.body)
}

#[tokio::test]
async fn claim_with_a_lost_response_sends_messages() {
    let claiming = Claiming::start("claim-response-lost").await;
    let response = claiming.restore(&[Fate::Cut(Moment::After)]).await;
    assert_eq!(parts(response), claiming.queued());
    assert_eq!(
        claiming.faults.tallies(Service::Database).keys().filter(|sql| sql.contains("pg_sleep")).count(),
        1
    );
    claiming.restored().await;
    claiming.function.stop().await;
}

#[tokio::test]
async fn claim_that_did_not_arrive_is_repeated() {
    let claiming = Claiming::start("claim-lost").await;
    let response = claiming.restore(&[Fate::Cut(Moment::Before)]).await;
    assert_eq!(parts(response), claiming.queued());
    claiming.restored().await;
    claiming.function.stop().await;
}

#[tokio::test]
async fn claim_that_arrives_after_its_deadline_changes_nothing() {
    let claiming = Claiming::start("claim-late").await;
    assert_eq!(claiming.restore(&[LATE, Fate::Cut(Moment::Before)]).await.status, 503);
    eventually("the late claim has been executed", async || {
        let tallies = claiming.faults.tallies(Service::Database);
        let (_, claims) = tallies.iter().find(|(sql, _)| sql.contains(CLAIM)).unwrap();
        (claims.time >= LATENESS).then_some(())
    })
    .await;
    assert_eq!(claiming.state().await, "DELETED");
    assert_eq!(parts(claiming.restore(&[]).await), claiming.queued());
    claiming.restored().await;
    claiming.function.stop().await;
}

#[tokio::test]
async fn packages_are_deleted_again_when_their_messages_cannot_be_sent() {
    let claiming = Claiming::start("claim-unsent").await;
    claiming.faults.begin(|call| match call.operation.as_str() {
        "SendMessageBatch" => Fate::Unavailable,
        _ => Fate::Forward,
    });
    let response = claiming.function.respond(&claiming.event).await;
    let id = &claiming.file.node_id;
    let failure =
        json!({ "id": id, "error": format!("deleted package {id} could not be queued, try again") });
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!((response.status, body), (200, json!({ "success": [], "failures": [failure] })));
    assert_eq!(claiming.state().await, "DELETED");
    assert_eq!(parts(claiming.restore(&[]).await), claiming.queued());
    claiming.restored().await;
    claiming.function.stop().await;
}

#[tokio::test]
async fn packages_restoring_for_too_long_are_sent_again() {
    let _alone = STUCK.lock().await;
    let claiming = Claiming::start("claim-stuck").await;
    claiming.set_restoring_for(19).await;
    let response = claiming.restore(&[]).await;
    assert!(response.body.starts_with(r#"{"success":[],"#), "{}", response.body);
    assert!(response.body.contains(&format!("not found in dataset {}", claiming.dataset.node_id)));

    claiming.set_restoring_for(21).await;
    assert_eq!(parts(claiming.restore(&[]).await), claiming.queued());
    claiming.restored().await;
    claiming.function.stop().await;
}

/// `cargo xtask queue …`
async fn queue(arguments: &[&str]) -> (Option<i32>, String, String) {
    run_xtask_of_stack(&[&["queue"], arguments].concat()).await
}

#[tokio::test]
async fn queue_repair_counts_and_sends_packages_without_a_message() {
    let _alone = STUCK.lock().await;
    let claiming = Claiming::start("claim-repair").await;
    // The state after a function was killed between the claim and the message.
    claiming.set_restoring_for(60).await;
    let (code, stdout, stderr) = queue(&["status"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains(" packages are RESTORING without a message"), "{stdout}");
    assert!(stderr.contains("cargo xtask queue repair"), "{stderr}");

    let (code, _, stderr) = queue(&["repair"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&claiming.file.node_id) && stderr.contains("--yes"), "{stderr}");
    assert_eq!(claiming.state().await, "RESTORING");
    let (code, stdout, stderr) = queue(&["repair", "--yes"]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.ends_with(" sent\n"), "{stdout}");
    claiming.restored().await;
    let event = Aws::new().await.changelog_of(&claiming.file.node_id).await.remove(0);
    assert_eq!(event.event_detail.name, "claimed.csv");
    claiming.function.stop().await;
}
