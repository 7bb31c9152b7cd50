//! Failures of the database during the life of a function: the schema is migrated, the server is demoted or shut down,
//! rejects the login, or has no connection left. Each function responds or reports a temporary failure, and recovers.

use faults::trial::{Delivery, Package, Place, Trial};
use lambda::pool::InvocationOutcome;
use local_stack::platform::create_schema;
use openapi::variables;
use reqwest::Url;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use stack::OutputName;
use uuid::Uuid;

use crate::aws::Aws;
use crate::function::{ApiFunction, ApiResponse, FunctionProcess, claims, event};
use crate::stack::{stack, state_directory, target_directory};
use crate::waiting::eventually;

const PASSWORD: &str = "trouble";

/// A database and a role for one test on the shared server, so that its failures affect no other test.
struct OwnDatabase {
    name: String,
    /// The URL with the login of the role.
    url: Url,
}

impl OwnDatabase {
    async fn create() -> Self {
        let name = format!("trouble_{}", Uuid::new_v4().simple());
        let mut url: Url = stack().await.database_url.parse().unwrap();
        execute(&url, &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")).await;
        execute(&url, &format!("CREATE DATABASE {name} OWNER {name}")).await;
        url.set_path(&name);
        url.set_username(&name).unwrap();
        url.set_password(Some(PASSWORD)).unwrap();
        let pool = PgPool::connect(url.as_str()).await.unwrap();
        create_schema(&pool, &[stack().await.organization_id]).await.unwrap();
        pool.close().await;
        Self { name, url }
    }

    /// Returns the variables with which a function connects to it.
    fn variables(&self) -> [(&str, &str); 3] {
        [
            (variables::POSTGRES_USER, &self.name),
            (variables::POSTGRES_PASSWORD, PASSWORD),
            (variables::PENNSIEVE_DB, &self.name),
        ]
    }

    /// Returns its URL with the login of the server's administrator.
    async fn administrators_url(&self) -> Url {
        let mut url: Url = stack().await.database_url.parse().unwrap();
        url.set_path(&self.name);
        url
    }

    /// Runs statements as the server's administrator; `{schema}` is the schema of the demo organization.
    async fn run(&self, sql: &str) {
        let schema = format!("\"{}\"", stack().await.organization_id);
        execute(&self.administrators_url().await, &sql.replace("{schema}", &schema)).await;
    }

    /// Changes the role.
    async fn alter_role(&self, change: &str) {
        self.run(&format!("ALTER ROLE {} {change}", self.name)).await;
    }

    /// Ends all connections of the role, as a server does when it shuts down.
    async fn shut_down(&self) {
        let mut connection = PgConnection::connect(self.administrators_url().await.as_str()).await.unwrap();
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1";
        eventually("all connections have ended", async || {
            let open: i64 =
                sqlx::query_scalar(end).bind(&self.name).fetch_one(&mut connection).await.unwrap();
            (open == 0).then_some(())
        })
        .await;
    }

    /// Exposes a function to all failures. `responds` says whether it responds now, and fails the test where the function does
    /// anything else than responding or reporting a temporary failure.
    async fn expose_to_failures(&self, responds: impl AsyncFnMut() -> bool) {
        self.expose_in(stack().await.organization_id, responds).await;
    }

    async fn expose_in(&self, organization: i32, mut responds: impl AsyncFnMut() -> bool) {
        assert!(responds().await, "at first");

        for column_type in ["text", "varchar(255)"] {
            // All text columns that the statements of the functions return.
            for (table, columns) in [
                (format!("\"{organization}\".files"), &["s3_bucket", "s3_key"][..]),
                (format!("\"{organization}\".packages"), &["node_id", "name", "type", "state"]),
                (format!("\"{organization}\".dataset_user"), &["role"]),
                ("pennsieve.users".to_owned(), &["node_id"]),
            ] {
                let changes: Vec<_> =
                    columns.iter().map(|column| format!("ALTER {column} TYPE {column_type}")).collect();
                self.run(&format!("ALTER TABLE {table} {}", changes.join(", "))).await;
            }
            assert!(responds().await, "all plans are stale: {column_type}");
        }

        self.shut_down().await;
        assert!(responds().await, "all connections were shut down");

        self.alter_role("PASSWORD 'another'").await;
        self.shut_down().await;
        assert!(!responds().await, "the login is refused");
        self.alter_role(&format!("PASSWORD '{PASSWORD}'")).await;
        assert!(responds().await, "the login is accepted again");

        self.alter_role("CONNECTION LIMIT 0").await;
        self.shut_down().await;
        assert!(!responds().await, "there is no slot");
        self.alter_role("CONNECTION LIMIT -1").await;
        assert!(responds().await, "there are slots again");
    }

    async fn drop(self) {
        self.shut_down().await;
        let url: Url = stack().await.database_url.parse().unwrap();
        execute(&url, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        execute(&url, &format!("DROP ROLE {}", self.name)).await;
    }
}

async fn execute(url: &Url, sql: &str) {
    let mut connection = PgConnection::connect(url.as_str()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Creates the demo organization, its editor, a dataset and two packages, one of them deleted.
async fn fill(database: &OwnDatabase, editor: Uuid) -> [String; 3] {
    let [dataset, live, deleted] =
        ["dataset", "package", "package"].map(|kind| format!("N:{kind}:{}", Uuid::new_v4()));
    let organization = stack().await.organization_id;
    let sql = format!(
        "INSERT INTO pennsieve.organizations (id, name, node_id, encryption_key_id)
             VALUES ({organization}, 'One', 'N:organization:1', '');
         INSERT INTO pennsieve.users (id, email, node_id, cognito_id, status)
             VALUES (1, 'editor@example.org', 'N:user:1', '{editor}', true);
         INSERT INTO pennsieve.organization_user (organization_id, user_id, permission_bit)
             VALUES ({organization}, 1, 16);
         INSERT INTO {{schema}}.datasets (id, node_id, name, state, status_id) VALUES (1, '{dataset}', 'd', 'READY', 1);
         INSERT INTO {{schema}}.dataset_user (dataset_id, user_id, role, permission_bit) VALUES (1, 1, 'editor', 8);
         INSERT INTO {{schema}}.packages (id, node_id, name, type, state, dataset_id) VALUES
             (1, '{live}', 'live.csv', 'CSV', 'READY', 1), (2, '{deleted}', 'deleted.csv', 'CSV', 'DELETED', 1);
         INSERT INTO {{schema}}.files (package_id, name, file_type, s3_bucket, s3_key, object_type, processing_state)
             VALUES (1, 'live.csv', 'CSV', 'bucket', 'key', 'source', 'processed');"
    );
    database.run(&sql).await;
    [dataset, live, deleted]
}

/// Returns the user of an access token.
fn username(token: &str) -> Uuid {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["username"].as_str().unwrap().parse().unwrap()
}

/// Starts an API function with a database of its own; returns it with events for a look-up and a restore.
async fn api_function(test: &str, database: &OwnDatabase) -> (ApiFunction, Value, Value) {
    let [dataset, live, deleted] = fill(database, Uuid::new_v4()).await;
    let aws = Aws::new().await;
    let queue = aws.create_queue(&database.name).await;
    // The role of the function may send to the queue of the stack only.
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{}", database.name);
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    aws.set_queue_attribute(&queue, "Policy", &policy).await;
    let variables = [&database.variables()[..], &[(variables::RESTORE_PACKAGE_QUEUE_URL, &queue)]].concat();
    let function = ApiFunction::start(test, &variables).await;
    let mut claims = claims(3).await;
    claims["dataset_claim"]["NodeId"] = json!(dataset);
    let look_up = event("GET", "/presign/s3", &[("dataset_id", &*dataset), ("package_id", &*live)], &claims);
    let mut restore = event("POST", "/restore", &[("dataset_id", &*dataset)], &claims);
    restore["body"] = json!(json!({ "nodeIds": [deleted] }).to_string());
    (function, look_up, restore)
}

/// Whether a request succeeded; otherwise it failed temporarily.
fn is_success(response: &ApiResponse) -> bool {
    assert!([200, 307, 503].contains(&response.status), "{response:?}");
    response.status != 503
}

/// Deletes the package again, and returns whether it was queued.
async fn is_queued(function: &ApiFunction, restore: &Value, database: &OwnDatabase) -> bool {
    database.run("UPDATE {schema}.packages SET state = 'DELETED' WHERE id = 2").await;
    let response = function.respond(restore).await;
    let success = is_success(&response);
    assert!(!success || response.body.ends_with(r#""failures":[]}"#), "{}", response.body);
    success
}

#[tokio::test]
async fn look_ups_recover_from_database_failures() {
    let database = OwnDatabase::create().await;
    let (function, look_up, _) = api_function("trouble-look-up", &database).await;
    database.expose_to_failures(async || is_success(&function.respond(&look_up).await)).await;
    assert_eq!(function.processes(), 1);
    function.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn claims_recover_from_database_failures() {
    let database = OwnDatabase::create().await;
    let (function, _, restore) = api_function("trouble-claim", &database).await;
    database.expose_to_failures(async || is_queued(&function, &restore, &database).await).await;
    assert_eq!(function.processes(), 1);
    function.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn connection_to_a_demoted_server_is_replaced() {
    let database = OwnDatabase::create().await;
    let (function, look_up, restore) = api_function("trouble-demoted", &database).await;
    database.alter_role("SET default_transaction_read_only = on").await;
    assert!(is_success(&function.respond(&look_up).await));
    assert!(!is_queued(&function, &restore, &database).await, "all connections are read-only");
    // This connection stays open and read-only, while new ones are writable.
    assert!(is_success(&function.respond(&look_up).await));
    database.alter_role("RESET default_transaction_read_only").await;
    assert!(is_queued(&function, &restore, &database).await);
    function.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn authorizer_recovers_from_database_failures() {
    let database = OwnDatabase::create().await;
    let token = &stack().await.tokens["editor"];
    let [dataset, ..] = fill(&database, username(token)).await;
    let variables = database.variables();
    let name = OutputName::AuthorizerFunctionName;
    let function = FunctionProcess::start(name, "trouble-authorizer", &variables).await;
    let event = json!({
        "headers": {"authorization": format!("Bearer {token}")},
        "queryStringParameters": {"dataset_id": dataset},
        "requestContext": {"requestId": "request-1", "http": {"method": "GET"}},
    });
    database
        .expose_to_failures(async || match function.invoke(&event).await {
            InvocationOutcome::Response(response) => {
                let response: Value = serde_json::from_slice(&response).unwrap();
                assert_eq!(response["isAuthorized"], true, "a denial would be cached");
                true
            }
            // The gateway does not cache errors.
            InvocationOutcome::FunctionError(_) => false,
        })
        .await;
    assert_eq!(function.processes(), 1);
    function.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_function_recovers_from_database_failures() {
    let database = OwnDatabase::create().await;
    let place = Place {
        database_url: database.url.to_string(),
        aws_endpoint_url: stack().await.aws_endpoint_url.clone(),
        credentials: stack().await.credentials["administrator"].clone(),
        bootstrap: target_directory().join("lambda-development/restore/bootstrap"),
        directory: state_directory("trouble-restore"),
        log_level: "info",
    };
    let trial = Trial::prepare(&place).await.unwrap();
    let organization = trial.organization;
    let packages = [Package::folder(None, "folder").restoring(), Package::file(Some(0), "a.csv", 100)];
    let mut datasets = Vec::new();
    for _ in 0..10 {
        datasets.push(trial.dataset(&packages).await.unwrap());
    }
    let mut restored = Vec::new();
    let mut waiting = datasets.into_iter();
    let mut next = async || {
        let dataset = waiting.next().unwrap();
        let done = trial.invoke(&[Delivery::new(dataset.message(0))]).await.unwrap().is_empty();
        if done {
            restored.push(dataset.id);
        }
        done
    };
    database.expose_in(organization, &mut next).await;

    database.alter_role("SET default_transaction_read_only = on").await;
    database.shut_down().await;
    assert!(!next().await, "the server was demoted");
    database.alter_role("RESET default_transaction_read_only").await;
    assert!(next().await, "on a connection to another server");

    assert_eq!(restored.len(), 7);
    let ready = format!(
        "SELECT count(*) FROM \"{organization}\".packages WHERE state = 'READY' AND dataset_id = ANY($1)"
    );
    let mut connection = PgConnection::connect(database.administrators_url().await.as_str()).await.unwrap();
    let ready: i64 =
        sqlx::query_scalar(AssertSqlSafe(ready)).bind(&restored).fetch_one(&mut connection).await.unwrap();
    assert_eq!(ready, 14);
    connection.close().await.unwrap();
    trial.end().await;
    database.drop().await;
}
