//! The platform's database: a pool that is opened on first use.

mod error;
mod iam_token;

use std::sync::Arc;
use std::time::{Duration, Instant};

use openapi::OrganizationId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow, PgSslMode};
use sqlx::query::Query;
use sqlx::{Connection, Postgres, SqlSafeStr, Transaction};
use tokio::sync::Mutex;
use tokio::time::timeout;

pub(crate) use self::error::DatabaseError;
use self::iam_token::rds_token;
use crate::aws::Aws;
use crate::configuration::{Common, DatabaseSettings, PLATFORM_DATABASE, Setting};

/// RDS takes an IAM token for 15 minutes, to open a connection only:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>.
const TOKEN_USE: Duration = Duration::from_mins(10);
/// The port of the RDS proxy.
const RDS_PROXY_PORT: u16 = 5432;

/// Two, for the two messages that the restore function works on at a time.
const MAXIMUM_CONNECTIONS: u32 = 2;
/// How long a connection that was left open may take to show that it is alive.
const SIGN_OF_LIFE_TIME: Duration = Duration::from_secs(1);
/// How long a short statement may take.
const STATEMENT_TIME: Duration = Duration::from_secs(5);
/// How long connections that were left in the middle of something may take to close.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// The platform's database.
pub(crate) struct Database {
    settings: Setting<DatabaseSettings>,
    region: String,
    aws: Arc<Aws>,
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    pool: PgPool,
    token_made: Instant,
}

impl Database {
    /// Nothing is opened before the first use.
    pub(crate) fn new(common: &Common, aws: Arc<Aws>) -> Self {
        Self {
            settings: common.database.clone(),
            region: common.region.clone(),
            aws,
            opened: Mutex::new(None),
        }
    }

    /// A connection that answers.
    ///
    /// While the function was frozen, or the database restarted, connections break unnoticed, all of them at once; the
    /// worst kind swallows what is sent. They are found here, before a statement that must not run twice.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, DatabaseError> {
        let connect_time = self.aws.patience().connect_time();
        timeout(connect_time, self.find_connection()).await.unwrap_or(Err(DatabaseError::TimedOut))
    }

    async fn find_connection(&self) -> Result<PoolConnection<Postgres>, DatabaseError> {
        let pool = self.pool().await?;
        for _ in 0..MAXIMUM_CONNECTIONS {
            let mut connection = pool.acquire().await?;
            if let Ok(Ok(())) = timeout(SIGN_OF_LIFE_TIME, connection.ping()).await {
                return Ok(connection);
            }
            abandon(connection);
        }
        Ok(pool.acquire().await?)
    }

    /// A transaction on a connection that answers, begun with this text, which may go on with settings.
    pub(crate) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, Postgres>, DatabaseError> {
        Ok(Transaction::begin(self.connection().await?, Some(statement.into_sql_str())).await?)
    }

    /// Look something up, for a caller who waits: one statement, one round trip.
    ///
    /// Reading twice does no harm, so that a connection which broke unnoticed is not pinged beforehand: the statement
    /// itself finds out, and runs again on another connection, in the end on a fresh one.
    pub(crate) async fn look_up<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, DatabaseError> {
        let connect_time = self.aws.patience().connect_time();
        let pool = timeout(connect_time, self.pool()).await.unwrap_or(Err(DatabaseError::TimedOut))?;
        for _ in 0..MAXIMUM_CONNECTIONS {
            if pool.num_idle() == 0 {
                break;
            }
            let mut connection = pool.acquire().await?;
            let rows = timeout(SIGN_OF_LIFE_TIME, query().fetch_all(&mut *connection)).await;
            match rows.map(|rows| rows.map_err(DatabaseError::from)) {
                Ok(Err(error)) if error.is_broken_connection() => abandon(connection),
                Ok(rows) => return rows,
                Err(_) => abandon(connection),
            }
        }
        let mut connection = pool.acquire().await?;
        let rows = timeout(STATEMENT_TIME, query().fetch_all(&mut *connection)).await;
        if let Ok(rows) = rows {
            return Ok(rows?);
        }
        abandon(connection);
        Err(DatabaseError::TimedOut)
    }

    /// Change something, for a caller who waits.
    pub(crate) async fn briefly<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let mut connection = self.connection().await?;
        let outcome = timeout(STATEMENT_TIME, work(&mut connection)).await;
        if let Ok(outcome) = outcome {
            return Ok(outcome?);
        }
        abandon(connection);
        Err(DatabaseError::TimedOut)
    }

    /// Close all connections. The function is frozen as soon as it has answered, and a transaction that was given up a
    /// moment before would hold its locks until it thaws.
    pub(crate) async fn close(&self) {
        if let Some(opened) = self.opened.lock().await.take() {
            // A connection that does not close in time is the server's to end: see `idle_in_transaction_session_timeout`.
            let _ = timeout(CLOSE_TIME, opened.pool.close()).await;
        }
    }

    /// The pool, with an IAM token that is good for new connections.
    async fn pool(&self) -> Result<PgPool, DatabaseError> {
        let settings = self.settings.as_ref().map_err(|error| DatabaseError::NotConfigured(error.clone()))?;
        let mut opened = self.opened.lock().await;
        match opened.as_mut() {
            Some(current) if current.token_made.elapsed() < TOKEN_USE => Ok(current.pool.clone()),
            Some(current) => {
                current.pool.set_connect_options(self.connect_options(settings).await?);
                current.token_made = Instant::now();
                Ok(current.pool.clone())
            }
            None => {
                let options = self.connect_options(settings).await?;
                let pool = PgPoolOptions::new()
                    .max_connections(MAXIMUM_CONNECTIONS)
                    .max_lifetime(TOKEN_USE)
                    .acquire_timeout(self.aws.patience().connect_time())
                    .test_before_acquire(false)
                    .connect_lazy_with(options);
                *opened = Some(Opened { pool: pool.clone(), token_made: Instant::now() });
                Ok(pool)
            }
        }
    }

    async fn connect_options(&self, settings: &DatabaseSettings) -> Result<PgConnectOptions, DatabaseError> {
        match settings {
            DatabaseSettings::Password(login) => Ok(PgConnectOptions::new_without_pgpass()
                .host(&login.host)
                .port(login.port)
                .username(&login.user)
                .password(&login.password)
                .database(&login.database)
                .ssl_mode(login.ssl_mode)),
            DatabaseSettings::RdsProxy { host, user } => {
                let credentials = self.aws.configuration().await;
                let token = rds_token(credentials, &self.region, host, RDS_PROXY_PORT, user).await?;
                Ok(PgConnectOptions::new_without_pgpass()
                    .host(host)
                    .port(RDS_PROXY_PORT)
                    .username(user)
                    .password(&token)
                    .database(PLATFORM_DATABASE)
                    .ssl_mode(PgSslMode::Require))
            }
        }
    }
}

/// Let go of a connection at once. The pool would first wait for it to answer.
fn abandon(connection: PoolConnection<Postgres>) {
    drop(connection.detach());
}

/// A table of an organization, as it stands in SQL text. The schema's name is made from an integer, so that nothing
/// from outside ever becomes part of a statement.
pub(crate) fn table(organization: OrganizationId, name: &'static str) -> String {
    format!(r#""{organization}".{name}"#)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::Database;
    use crate::aws::{Aws, Patience};
    use crate::configuration::{Common, Variables};

    #[tokio::test]
    async fn a_database_that_takes_connections_and_says_nothing_is_given_up_in_time() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port().to_string();
        let common = Common::read(&Variables::from_pairs([
            ("POSTGRES_HOST", "127.0.0.1"),
            ("POSTGRES_PORT", &port),
            ("POSTGRES_USER", "user"),
        ]));
        let database = Database::new(&common, Arc::new(Aws::new(&common, Patience::Caller)));
        let start = Instant::now();
        let error = database.connection().await.err().unwrap();
        assert!(error.is_unavailable(), "{error}");
        assert!(start.elapsed() <= Patience::Caller.connect_time() * 2);
    }
}
