//! The number of connections of the database.

use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

/// A connection to the platform's database.
pub(super) struct Database(PgPool);

impl Database {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(LIMIT).connect(url);
        Ok(Self(pool.await.context("cannot connect to the database of the local stack")?))
    }

    /// Returns how many clients are connected, without this one.
    ///
    /// <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>
    pub(super) async fn connections(&self) -> Option<u32> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
        let count = timeout(LIMIT, count.fetch_one(&self.0)).await.ok()?.ok()?;
        u32::try_from(count).ok()
    }

    pub(super) async fn close(self) {
        self.0.close().await;
    }
}
