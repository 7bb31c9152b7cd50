//! The cost of a request: the number of statements and calls.

use std::sync::Arc;
use std::time::Duration;

use faults::{AwsProxy, DatabaseProxy, Fate, Faults, Service};
use openapi::variables;
use reqwest::Url;
use serde_json::{Value, json};

use crate::client::Client;
use crate::fixture::Dataset;
use crate::function::{ApiFunction, claims, event};
use crate::stack::aws_proxy;

/// A function whose calls are counted.
struct Counted {
    function: ApiFunction,
    faults: Arc<Faults>,
    _proxies: (AwsProxy, DatabaseProxy),
}

impl Counted {
    async fn start(test: &str, client: &Client) -> Self {
        let database = Url::parse(&client.stack.database_url).unwrap().port().unwrap();
        let faults = Faults::new();
        let aws = aws_proxy(client.stack, &faults).await;
        let database = DatabaseProxy::start(database, Arc::clone(&faults)).await.unwrap();
        let variables = [
            (variables::AWS_ENDPOINT_URL, aws.url()),
            (variables::POSTGRES_PORT, &database.port().to_string()),
        ];
        let function = ApiFunction::start(test, &variables).await;
        Self { function, faults, _proxies: (aws, database) }
    }

    /// Returns status, executed statements, and calls to AWS with their numbers.
    async fn cost(&self, event: &Value) -> (u16, Vec<(String, u32)>, Vec<(String, u32)>) {
        self.faults.begin(|call| match &*call.operation {
            // Long enough that concurrent batches overlap on any machine.
            "SendMessageBatch" => Fate::Delay(Duration::from_secs(1)),
            _ => Fate::Forward,
        });
        let status = self.function.respond(event).await.status;
        let counts = |service| {
            let tallies = self.faults.tallies(service).into_iter();
            tallies.map(|(operation, tally)| (operation, tally.calls)).collect()
        };
        (status, counts(Service::Database), counts(Service::Aws))
    }
}

#[tokio::test]
async fn look_up_is_one_statement_and_a_signature_needs_no_call() {
    let client = Client::new().await;
    let counted = Counted::start("cost-look-up", &client).await;
    let asset = client.asset(&client.stack.assets.thumbnail);
    let claims = claims(2).await;
    for (path, parameters) in [
        ("/cloudfront/sign", asset.to_vec()),
        ("/presign/s3", asset.to_vec()),
        ("/presign/s3", asset[..2].to_vec()),
    ] {
        let event = event("GET", path, &parameters, &claims);
        // The first request reads the signing key.
        counted.cost(&event).await;
        for _ in 0..3 {
            let (status, statements, calls) = counted.cost(&event).await;
            assert!(status == 200 || status == 307, "{path}: {status}");
            assert_eq!(statements.iter().map(|(_, count)| count).sum::<u32>(), 1, "{path}: {statements:?}");
            assert_eq!(counted.faults.database_round_trips(), 1, "{path}");
            assert_eq!(calls, [], "{path}");
        }
    }
    counted.function.stop().await;
}

#[tokio::test]
async fn hundred_packages_take_one_statement_and_ten_concurrent_batches() {
    let client = Client::new().await;
    let mut dataset = Dataset::create().await;
    let mut asked = Vec::new();
    for number in 0..100 {
        asked.push(dataset.deleted_file(None, &format!("{number}.csv"), b"1\n").await.node_id);
    }
    let counted = Counted::start("cost-restore", &client).await;
    let mut claims = claims(3).await;
    claims["dataset_claim"]["NodeId"] = json!(dataset.node_id);
    let mut event = event("POST", "/restore", &[("dataset_id", &*dataset.node_id)], &claims);
    event["body"] = json!(json!({ "nodeIds": asked }).to_string());
    let (status, statements, calls) = counted.cost(&event).await;
    assert_eq!(status, 200);
    assert_eq!(
        statements.iter().map(|(_, count)| count).sum::<u32>(),
        2,
        "the clock and a claim: {statements:?}"
    );
    assert_eq!(calls, [("SendMessageBatch".to_owned(), 10)]);
    let batches = counted.faults.tallies(Service::Aws);
    assert!(batches["SendMessageBatch"].most_in_flight >= 5, "they go out side by side");
    counted.function.stop().await;
}

#[tokio::test]
async fn restore_of_nothing_takes_two_round_trips_on_an_open_connection() {
    let client = Client::new().await;
    let counted = Counted::start("cost-nothing", &client).await;
    let mut event = event("POST", "/restore", &[("dataset_id", &*client.stack.dataset_id)], &claims(3).await);
    for ids in [1, 1, 1000, 1000] {
        let asked: Vec<_> = (0..ids).map(|id| format!("N:package:{id}")).collect();
        event["body"] = json!(json!({ "nodeIds": asked }).to_string());
        let is_cold = counted.function.processes() == 0;
        let (status, statements, calls) = counted.cost(&event).await;
        assert_eq!((status, calls), (200, vec![]));
        if !is_cold {
            assert_eq!(counted.faults.database_round_trips(), 2, "{ids} ids: {statements:?}");
            assert!(!statements.iter().any(|(text, _)| text.contains("COMMIT")), "{statements:?}");
        }
    }
    counted.function.stop().await;
}
