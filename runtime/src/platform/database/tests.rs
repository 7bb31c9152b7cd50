use std::sync::Arc;

use super::{Database, DatabaseError};
use crate::configuration::{Common, Variables};
use crate::platform::aws::{Aws, Patience};

#[tokio::test]
async fn a_database_that_accepts_connections_and_does_not_answer_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let common = Common::read(&Variables::from_pairs([
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", &port),
        ("POSTGRES_USER", "user"),
    ]));
    let database = Database::new(&common, Arc::new(Aws::new(&common, Patience::Caller)));
    let error = database.look_up(|| sqlx::query("SELECT 1")).await.err().unwrap();
    assert!(matches!(error, DatabaseError::ConnectTimedOut), "{error}");
    assert!(error.is_unavailable());
}
