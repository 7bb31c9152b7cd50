//! What the function depends on goes away and comes back: it answers 503 meanwhile, and recovers by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local_stack::platform::create_schema;
use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use machine::process::clean_up;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::function::{Answer, ApiFunction, claims, event};
use crate::stack::{stack, state_directory, target_directory};
use crate::waiting::eventually;

/// How many ask at the same time.
const CALLERS: usize = 4;

/// A server of the test's own, which has the demo dataset and one package of it.
async fn start_database(state: &StateDirectory, port: Option<u16>) -> Postgres {
    let tools = target_directory().join("tools");
    let server = Server::find_or_install(state, &tools).await.unwrap();
    Postgres::start(state, server, port, Data::Kept).await.unwrap()
}

async fn fill(database: &Postgres) {
    let stack = stack().await;
    let pool = sqlx::PgPool::connect(&database.url()).await.unwrap();
    create_schema(&pool, &[stack.organization_id]).await.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let sql = format!(
        r#"INSERT INTO pennsieve.organizations (id, name, encryption_key_id) VALUES ({organization}, 'One', '');
           INSERT INTO "{organization}".datasets (id, node_id, name, state, status_id) VALUES (1, '{dataset}', 'd', 'READY', 1);
           INSERT INTO "{organization}".packages (node_id, name, type, state, dataset_id) VALUES ('{package}', 'p', 'CSV', 'READY', 1);"#,
        organization = stack.organization_id,
        dataset = stack.dataset_id,
        package = stack.packages.viewer,
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

async fn sign_event() -> Value {
    let client = Client::new().await;
    event("GET", "/cloudfront/sign", &client.asset(&client.stack.assets.thumbnail), &claims(2).await)
}

/// An answer while something is away: it says nothing of the inside.
fn assert_unavailable(answer: &Answer) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({ "message": "temporarily not available, try again later", "errorId": "request-1" });
    assert_eq!((answer.status, body), (503, expected));
}

#[tokio::test]
async fn a_database_that_was_away_under_load_is_found_again_by_the_same_process() {
    let directory = StateDirectory::open(&state_directory("outage-database")).unwrap();
    // What an earlier run of the test has left.
    clean_up(&directory).await.unwrap();
    directory.reset().await.unwrap();
    let database = start_database(&directory, None).await;
    fill(&database).await;
    let (port, password) = (database.port(), database.password().expose().to_owned());
    let variables = [("POSTGRES_PORT", &*port.to_string()), ("POSTGRES_PASSWORD", &password)];
    let function = Arc::new(ApiFunction::start("outage-database-function", &variables).await);
    let event = Arc::new(sign_event().await);
    assert_eq!(function.answer(&event).await.status, 200);

    let stopping = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (function, event) = (Arc::clone(&function), Arc::clone(&event));
            let stopping = Arc::clone(&stopping);
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                while !stopping.load(Ordering::Relaxed) {
                    let answer = function.answer(&event).await;
                    if answer.status != 200 {
                        assert_unavailable(&answer);
                    }
                    statuses.push(answer.status);
                }
                statuses
            })
        })
        .collect();
    let asked = async |status| {
        eventually(&format!("an answer with {status}"), async || {
            (function.answer(&event).await.status == status).then_some(())
        })
        .await;
    };
    asked(200).await;
    database.stop().await;
    asked(503).await;
    assert_unavailable(&function.answer(&event).await);
    let database = start_database(&directory, Some(port)).await;
    asked(200).await;
    for _ in 0..20 {
        assert_eq!(function.answer(&event).await.status, 200, "it stays found");
    }
    stopping.store(true, Ordering::Relaxed);
    let mut statuses = Vec::new();
    for caller in callers {
        statuses.extend(caller.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    println!("under load: {} answers with 200, {} with 503", count(200), count(503));
    assert!(count(200) > 0 && count(503) > 0);
    assert_eq!(function.processes(), 1, "the same process");
    function.stop().await;
    database.stop().await;
}

#[tokio::test]
async fn a_signing_key_that_could_not_be_read_is_read_by_the_next_request() {
    // Takes connections, and says nothing until it is let.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let function = ApiFunction::start("outage-parameters", &[("AWS_ENDPOINT_URL", &endpoint)]).await;
    let event = sign_event().await;
    assert_unavailable(&function.answer(&event).await);

    let emulator = stack().await.aws_endpoint_url.strip_prefix("http://").unwrap();
    let forwarding = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(emulator).await.unwrap();
                // Either side may hang up at any time.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    assert_eq!(function.answer(&event).await.status, 200);
    assert_eq!(function.processes(), 1);
    forwarding.abort();
    function.stop().await;
}
