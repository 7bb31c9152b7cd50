//! The platform's database.
//!
//! A statement runs by one of four functions, and each of them decides what becomes of the connection and whether the
//! statement runs again, by what the server's error means (`sqlstate`):
//!
//! | function | for | where the connection is broken, read-only or has a stale plan |
//! |---|---|---|
//! | [`Database::look_up`] | a read for a caller who waits | runs once more, on another connection |
//! | [`Database::read`] | a long read | runs once more, on another connection |
//! | [`Database::change`] | a change in one statement | runs once more if nothing was changed; else the caller is told |
//! | [`Database::begin`] | a transaction | it fails, and the caller starts over |
//!
//! A connection is used again only after it was found good: see `connection`.

mod connection;
mod error;
mod iam_token;
mod login;
mod sqlstate;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openapi::OrganizationId;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, PgTransactionManager};
use sqlx::query::Query;
use sqlx::{Postgres, Row, SqlSafeStr};
use sqlx_core::transaction::TransactionManager as _;
use tokio::time::timeout;

use self::connection::{Connection, IdleConnections};
pub(crate) use self::error::{ChangeError, DatabaseError};
use self::login::Login;
use crate::configuration::Common;
use crate::platform::aws::{Aws, Patience};

/// How long a connection that was left open may take to answer. While the function was frozen, or the database restarted,
/// connections break unnoticed; the worst kind swallows what is sent.
const SIGN_OF_LIFE_TIME: Duration = Duration::from_secs(1);
/// How long a short statement may take.
pub(crate) const STATEMENT_TIME: Duration = Duration::from_secs(5);

/// The platform's database. Nothing is opened before the first use.
pub(crate) struct Database {
    login: Login,
    patience: Patience,
    clock: fn() -> SystemTime,
    idle: Arc<IdleConnections>,
}

/// A time by the database's clock, in the words of PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Moment(String);

impl Moment {
    /// The text, which PostgreSQL reads as a `timestamptz`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Database {
    /// Nothing is opened before the first use.
    pub(crate) fn new(common: &Common, aws: Arc<Aws>) -> Self {
        Self::with_clock(common, aws, SystemTime::now)
    }

    fn with_clock(common: &Common, aws: Arc<Aws>, clock: fn() -> SystemTime) -> Self {
        let patience = aws.patience();
        Self { login: Login::new(common, aws, clock), patience, clock, idle: Arc::default() }
    }

    /// Looks something up, for a caller who waits: one statement, one round trip. It must not change anything.
    pub(crate) async fn look_up<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let (connection, rows) = self
            .repeat(async |connection, again| query().persistent(!again).fetch_all(connection).await)
            .await?;
        connection.keep();
        Ok(rows)
    }

    /// Reads in a transaction that begins with this text, which may go on with settings. It may take its time.
    pub(crate) async fn read<'q>(
        &self,
        begin: &'static str,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let attempt = async |again: bool| {
            let mut transaction = self.begin(begin).await?;
            let rows = query().persistent(!again).fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(rows)
        };
        match attempt(false).await {
            Err(error) if DatabaseError::needs_another_connection(&error) => attempt(true).await,
            outcome => outcome,
        }
    }

    /// Changes something in one statement, which commits by itself: two round trips.
    ///
    /// The first asks for the time. It shows that the connection answers, so that the answer to the change is seldom
    /// lost; and a caller who needs to can find out afterwards what a change with a lost answer has done.
    pub(crate) async fn change<'q>(
        &self,
        query: impl Fn(&Moment) -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, ChangeError> {
        match self.attempt_change(&query, false).await {
            Err(ChangeError::NotDone(error)) if error.needs_another_connection() => {
                self.attempt_change(&query, true).await
            }
            outcome => outcome,
        }
    }

    async fn attempt_change<'q>(
        &self,
        query: impl Fn(&Moment) -> Query<'q, Postgres, PgArguments>,
        again: bool,
    ) -> Result<Vec<PgRow>, ChangeError> {
        let time = async |connection: &mut PgConnection, _| {
            sqlx::raw_sql("SELECT clock_timestamp()::text").fetch_one(connection).await?.try_get(0)
        };
        let (connection, time) = self.repeat(time).await.map_err(ChangeError::NotDone)?;
        let since = Moment(time);
        let query = query(&since).persistent(!again);
        match run(connection, STATEMENT_TIME, DatabaseError::TimedOut, async |c| query.fetch_all(c).await)
            .await
        {
            Ok((connection, rows)) => {
                connection.keep();
                Ok(rows)
            }
            Err(cause) if cause.leaves_outcome_unknown() => Err(ChangeError::Unknown { since, cause }),
            Err(error) => Err(ChangeError::NotDone(error)),
        }
    }

    /// Begins a transaction with this text, which may go on with settings. A transaction that is dropped closes its
    /// connection, and the server rolls it back: nothing is left to do while the function may be frozen already.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<Transaction, DatabaseError> {
        // By sqlx's own means, so that a `begin` within the transaction makes a savepoint.
        let begin = async |connection: &mut PgConnection, _| {
            PgTransactionManager::begin(connection, Some(statement.into_sql_str())).await
        };
        let (connection, ()) = self.repeat(begin).await?;
        Ok(Transaction(connection))
    }

    /// Does what may be done twice, on a connection that was kept or on a new one, and where that one is of no use, once
    /// more on another one.
    ///
    /// The second time, a statement should be prepared without a name: a proxy that shares named statements among its
    /// clients could give the stale plan again (<https://github.com/pgdogdev/pgdog/issues/943>).
    async fn repeat<T>(
        &self,
        work: impl AsyncFn(&mut PgConnection, bool) -> Result<T, sqlx::Error>,
    ) -> Result<(Connection, T), DatabaseError> {
        match self.attempt(&work, false).await {
            Err(error) if error.needs_another_connection() => {
                tracing::info!(cause = %error, "asking the database again, on another connection");
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
        let (limit, late) = if connection.is_warm() {
            (SIGN_OF_LIFE_TIME, DatabaseError::Silent)
        } else {
            (STATEMENT_TIME, DatabaseError::TimedOut)
        };
        run(connection, limit, late, async |connection| work(connection, again).await).await
    }

    /// A connection that was kept, or a new one.
    async fn connection(&self) -> Result<Connection, DatabaseError> {
        if let Some(connection) = self.idle.take((self.clock)()) {
            return Ok(connection);
        }
        // Boxed, because the type of all that may be awaited in there is too deep for the compiler.
        let open = Box::pin(self.login.open());
        let opened = timeout(self.patience.connect_time(), open).await;
        Ok(self.idle.opened(opened.unwrap_or(Err(DatabaseError::ConnectTimedOut))?, (self.clock)()))
    }
}

/// Works with a connection for as long as the limit allows. Where that fails, the connection is kept only if it is as good
/// as before.
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
            if error.leaves_connection_sound() {
                connection.keep();
            }
            Err(error)
        }
    }
}

/// A transaction. Unless it is committed or rolled back, its connection is not used again.
pub(crate) struct Transaction(Connection);

impl Transaction {
    pub(crate) async fn commit(mut self) -> Result<(), DatabaseError> {
        PgTransactionManager::commit(&mut self.0).await?;
        self.0.keep();
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), DatabaseError> {
        PgTransactionManager::rollback(&mut self.0).await?;
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

/// A table of an organization, as it stands in SQL text. The schema's name is made from an integer, so that nothing
/// from outside ever becomes part of a statement.
pub(crate) fn table(organization: OrganizationId, name: &'static str) -> String {
    format!(r#""{organization}".{name}"#)
}

#[cfg(test)]
mod tests;
