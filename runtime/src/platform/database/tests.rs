use std::sync::Arc;

use openapi::variables;

use super::{Database, DatabaseError, Statement};
use crate::configuration::{Common, Variables};
use crate::platform::aws::{Aws, TimeLimits};

#[tokio::test]
async fn connecting_to_an_unresponsive_server_times_out() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let common = Common::read(&Variables::from_pairs([
        (variables::POSTGRES_HOST, "127.0.0.1"),
        (variables::POSTGRES_PORT, &port),
        (variables::POSTGRES_USER, "user"),
    ]));
    let database = Database::new(&common, Arc::new(Aws::new(&common, TimeLimits::ForRequests)));
    let statement = Statement::for_platform("SELECT $1");
    let error = database.look_up(|| statement.bind(true)).await.err().unwrap();
    assert!(matches!(error, DatabaseError::ConnectTimedOut), "{error}");
    assert!(error.is_unavailable());
}
