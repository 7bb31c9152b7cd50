//! Outages: the function responds with 503 while something is not reachable, and recovers by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local_stack::platform::create_schema;
use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use machine::process::clean_up;
use openapi::variables;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::function::{ApiFunction, ApiResponse, claims, event};
use crate::stack::{stack, state_directory, target_directory};
use crate::waiting::eventually;

/// How many callers there are at the same time.
const CALLERS: usize = 4;

/// Starts a database server for one test.
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

/// Checks a response during an outage: it contains no internal detail.
fn assert_unavailable(response: &ApiResponse) {
    let body: Value = serde_json::from_str(&response.body).unwrap();
    let expected = json!({ "message": "temporarily not available, try again later", "errorId": "request-1" });
    assert_eq!((response.status, body), (503, expected));
}

#[tokio::test]
async fn process_recovers_after_a_database_outage_under_load() {
    let directory = StateDirectory::open(&state_directory("outage-database")).unwrap();
    // An earlier run of the test may have left processes and files.
    clean_up(&directory).await.unwrap();
    directory.reset().await.unwrap();
    let database = start_database(&directory, None).await;
    fill(&database).await;
    let (port, password) = (database.port(), database.password().expose().to_owned());
    let variables =
        [(variables::POSTGRES_PORT, &*port.to_string()), (variables::POSTGRES_PASSWORD, &password)];
    let function = Arc::new(ApiFunction::start("outage-database-function", &variables).await);
    let event = Arc::new(sign_event().await);
    assert_eq!(function.respond(&event).await.status, 200);

    let stopping = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (function, event) = (Arc::clone(&function), Arc::clone(&event));
            let stopping = Arc::clone(&stopping);
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                while !stopping.load(Ordering::Relaxed) {
                    let response = function.respond(&event).await;
                    if response.status != 200 {
                        assert_unavailable(&response);
                    }
                    statuses.push(response.status);
                }
                statuses
            })
        })
        .collect();
    let responds_with = async |status| {
        eventually(&format!("a response with {status}"), async || {
            (function.respond(&event).await.status == status).then_some(())
        })
        .await;
    };
    responds_with(200).await;
    database.stop().await;
    responds_with(503).await;
    assert_unavailable(&function.respond(&event).await);
    let database = start_database(&directory, Some(port)).await;
    responds_with(200).await;
    for _ in 0..20 {
        assert_eq!(function.respond(&event).await.status, 200, "it keeps working");
    }
    stopping.store(true, Ordering::Relaxed);
    let mut statuses = Vec::new();
    for caller in callers {
        statuses.extend(caller.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    println!("under load: {} responses with 200, {} with 503", count(200), count(503));
    assert!(count(200) > 0 && count(503) > 0);
    assert_eq!(function.processes(), 1, "the same process");
    function.stop().await;
    database.stop().await;
}

#[tokio::test]
async fn unreadable_signing_key_is_read_again_by_the_next_request() {
    // Accepts connections, and responds to none of them at first.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let function = ApiFunction::start("outage-parameters", &[(variables::AWS_ENDPOINT_URL, &endpoint)]).await;
    let event = sign_event().await;
    assert_unavailable(&function.respond(&event).await);

    let emulator = stack().await.aws_endpoint_url.strip_prefix("http://").unwrap();
    let forwarding = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(emulator).await.unwrap();
                // Either side may close the connection at any time.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    assert_eq!(function.respond(&event).await.status, 200);
    assert_eq!(function.processes(), 1);
    forwarding.abort();
    function.stop().await;
}
