//! Connects an operator to the platform's database.

use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgPool, PgPoolOptions};

/// The time limit for connecting, long enough for a tunnel.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Connects to the platform's database.
pub async fn connect(url: &str) -> Result<PgPool> {
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_TIME);
    // The driver's errors do not contain the URL, which has a password.
    Box::pin(options.connect(url)).await.context("cannot connect to the platform's database")
}
