//! The database of the platform.
//!
//! Each of four functions executes a statement, and decides by the error of the server (`sqlstate`) what
//! happens to the connection and whether the statement is executed again:
//!
//! | function | used for | if the connection is broken, read-only or has a stale plan |
//! |---|---|---|
//! | [`Database::look_up`] | a read in a request | executes it once more, on another connection |
//! | [`Database::read`] | a long read | executes it once more, on another connection |
//! | [`Database::change`] | a change in one statement | executes it once more if nothing was changed, otherwise reports it |
//! | [`Database::begin`] | a transaction | fails, and the caller starts over |
//!
//! A connection is reused only after a successful use (`connection`).

mod connection;
mod error;
mod iam_token;
mod login;
mod sqlstate;
mod statement;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sqlx::postgres::{PgConnection, PgRow, PgTransactionManager};
use sqlx::{Row, SqlSafeStr};
use sqlx_core::transaction::TransactionManager as _;
use tokio::time::timeout;

use self::connection::{Connection, IdleConnections};
pub(crate) use self::error::{ChangeError, DatabaseError};
use self::login::Login;
pub(crate) use self::statement::{Moment, Query, Statement};
use super::aws::{Aws, TimeLimits};
use crate::clock;
use crate::configuration::Common;
use crate::telemetry;

/// The time limit of the first use of a connection that was kept open.
///
/// Connections break unnoticed while the function is frozen or the database restarts, and some of them accept
/// data and never respond.
const KEPT_CONNECTION_TIME: Duration = Duration::from_secs(1);
/// The time limit of a short statement.
const STATEMENT_TIME: Duration = Duration::from_secs(5);

/// The database of the platform. It opens its first connection on first use.
pub(crate) struct Database {
    login: Login,
    limits: TimeLimits,
    clock: fn() -> SystemTime,
    idle: Arc<IdleConnections>,
}

impl Database {
    /// Creates the database without a connection.
    pub(crate) fn new(common: &Common, aws: Arc<Aws>) -> Self {
        let limits = aws.limits();
        let clock = clock::now;
        Self { login: Login::new(common, aws, clock), limits, clock, idle: Arc::default() }
    }

    /// Executes a read of a request: one statement, one round trip.
    ///
    /// The statement must not change anything.
    pub(crate) async fn look_up(&self, query: impl Fn() -> Query) -> Result<Vec<PgRow>, DatabaseError> {
        let execute = async |connection: &mut PgConnection, again| query().execute(connection, again).await;
        let (connection, rows) = self.repeat(execute).await?;
        connection.keep();
        Ok(rows)
    }

    /// Executes a long read in a transaction.
    ///
    /// The transaction begins with the given text, which can contain settings.
    pub(crate) async fn read(
        &self,
        begin: &'static str,
        query: impl Fn() -> Query,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let attempt = async |again: bool| {
            let mut transaction = self.begin(begin).await?;
            let rows = query().execute(&mut transaction, again).await?;
            transaction.commit().await?;
            Ok(rows)
        };
        match attempt(false).await {
            Err(error) if DatabaseError::needs_another_connection(&error) => {
                telemetry::count_reconnect();
                attempt(true).await
            }
            outcome => outcome,
        }
    }

    /// Executes a change in one statement, which commits by itself: two round trips.
    ///
    /// The first one reads the time. It shows that the connection works, so the response to the change is
    /// rarely lost, and it lets a caller find out later what a change without a response has done.
    pub(crate) async fn change(&self, query: impl Fn(&Moment) -> Query) -> Result<Vec<PgRow>, ChangeError> {
        match self.attempt_change(&query, false).await {
            Err(ChangeError::NotDone(error)) if error.needs_another_connection() => {
                telemetry::count_reconnect();
                self.attempt_change(&query, true).await
            }
            outcome => outcome,
        }
    }

    async fn attempt_change(
        &self,
        query: impl Fn(&Moment) -> Query,
        again: bool,
    ) -> Result<Vec<PgRow>, ChangeError> {
        const TIME: &str = "SELECT clock_timestamp()::text";
        let time = async |connection: &mut PgConnection, _| {
            telemetry::statement(TIME, sqlx::raw_sql(TIME).fetch_one(connection)).await?.try_get(0)
        };
        let (connection, time) = self.repeat(time).await.map_err(ChangeError::NotDone)?;
        let since = Moment::new(time);
        let query = query(&since);
        let change = async |connection: &mut PgConnection| query.execute(connection, again).await;
        match run(connection, STATEMENT_TIME, DatabaseError::TimedOut, change).await {
            Ok((connection, rows)) => {
                connection.keep();
                Ok(rows)
            }
            Err(cause) if cause.leaves_outcome_unknown() => Err(ChangeError::Unknown { since, cause }),
            Err(error) => Err(ChangeError::NotDone(error)),
        }
    }

    /// Begins a transaction with this text, which can contain settings.
    ///
    /// A transaction that is dropped closes its connection, and the server rolls it back. So nothing remains
    /// to be done when the function may already be frozen.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<Transaction, DatabaseError> {
        // sqlx has to know of the transaction, so that a `begin` in it creates a savepoint.
        let begin = async |connection: &mut PgConnection, _| {
            let begin = PgTransactionManager::begin(connection, Some(statement.into_sql_str()));
            telemetry::statement(statement, begin).await
        };
        let (connection, ()) = self.repeat(begin).await?;
        Ok(Transaction(connection))
    }

    /// Does work on a connection, and once more if it needs another one.
    ///
    /// The second time, a statement should be prepared without a name: a proxy that shares named statements
    /// among its clients could return the stale plan again (<https://github.com/pgdogdev/pgdog/issues/943>).
    async fn repeat<T>(
        &self,
        work: impl AsyncFn(&mut PgConnection, bool) -> Result<T, sqlx::Error>,
    ) -> Result<(Connection, T), DatabaseError> {
        match self.attempt(&work, false).await {
            Err(error) if error.needs_another_connection() => {
                telemetry::count_reconnect();
                tracing::info!(cause = %error, "repeating a statement on another connection");
                self.attempt(&work, true).await
            }
            outcome => outcome,
        }
    }

    async fn attempt<T>(
        &self,
        work: impl AsyncFn(&mut PgConnection, bool) -> Result<T, sqlx::Error>,
        again: bool,
    ) -> Result<(Connection, T), DatabaseError> {
        let connection = self.connection().await?;
        let (limit, late) = if connection.was_kept() {
            (KEPT_CONNECTION_TIME, DatabaseError::Unresponsive)
        } else {
            (STATEMENT_TIME, DatabaseError::TimedOut)
        };
        run(connection, limit, late, async |connection| work(connection, again).await).await
    }

    /// Returns a kept connection or opens a new one.
    async fn connection(&self) -> Result<Connection, DatabaseError> {
        if let Some(connection) = self.idle.take((self.clock)()) {
            return Ok(connection);
        }
        // Boxed, because the type of the future is too deep for the compiler.
        let open = Box::pin(telemetry::step("connect to the database", self.login.open()));
        let opened = timeout(self.limits.connect_time(), open).await;
        Ok(self.idle.opened(opened.unwrap_or(Err(DatabaseError::ConnectTimedOut))?, (self.clock)()))
    }
}

/// Does work on a connection within a time limit.
///
/// If the work fails, the connection is kept only if the error does not affect it.
async fn run<T>(
    mut connection: Connection,
    limit: Duration,
    late: DatabaseError,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
) -> Result<(Connection, T), DatabaseError> {
    let outcome = timeout(limit, work(&mut connection)).await;
    match outcome.map_or(Err(late), |outcome| outcome.map_err(DatabaseError::from)) {
        Ok(value) => Ok((connection, value)),
        Err(error) => {
            if error.leaves_connection_usable() {
                connection.keep();
            }
            Err(error)
        }
    }
}

/// A transaction. Its connection is reused only after a commit or a rollback.
pub(crate) struct Transaction(Connection);

impl Transaction {
    pub(crate) async fn commit(mut self) -> Result<(), DatabaseError> {
        telemetry::statement("COMMIT", PgTransactionManager::commit(&mut self.0)).await?;
        self.0.keep();
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), DatabaseError> {
        telemetry::statement("ROLLBACK", PgTransactionManager::rollback(&mut self.0)).await?;
        self.0.keep();
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

#[cfg(test)]
mod tests;
