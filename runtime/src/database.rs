//! The platform's database: a pool that is opened on first use.

mod error;
mod iam_token;

use std::time::{Duration, Instant};

use openapi::OrganizationId;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use tokio::sync::Mutex;

pub(crate) use self::error::DatabaseError;
use self::iam_token::rds_token;
use crate::aws::Aws;
use crate::configuration::{Common, DatabaseSettings, PLATFORM_DATABASE, Setting};

/// RDS takes an IAM token for 15 minutes, to open a connection only:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>.
const TOKEN_USE: Duration = Duration::from_mins(10);
/// The port of the RDS proxy.
const RDS_PROXY_PORT: u16 = 5432;

/// The platform's database.
pub(crate) struct Database {
    settings: Setting<DatabaseSettings>,
    region: String,
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    pool: PgPool,
    token_made: Instant,
}

impl Database {
    /// Nothing is opened before the first use.
    pub(crate) fn new(common: &Common) -> Self {
        Self { settings: common.database.clone(), region: common.region.clone(), opened: Mutex::new(None) }
    }

    /// The pool, with an IAM token that is good for new connections.
    pub(crate) async fn pool(&self, aws: &Aws) -> Result<PgPool, DatabaseError> {
        let settings = self.settings.as_ref().map_err(|error| DatabaseError::NotConfigured(error.clone()))?;
        let mut opened = self.opened.lock().await;
        match opened.as_mut() {
            Some(current) if current.token_made.elapsed() < TOKEN_USE => Ok(current.pool.clone()),
            Some(current) => {
                current.pool.set_connect_options(self.connect_options(settings, aws).await?);
                current.token_made = Instant::now();
                Ok(current.pool.clone())
            }
            None => {
                let options = self.connect_options(settings, aws).await?;
                // Lambda sends one event at a time; a second connection covers one that is being closed.
                let pool = PgPoolOptions::new()
                    .max_connections(2)
                    .max_lifetime(TOKEN_USE)
                    .acquire_timeout(Duration::from_secs(5))
                    .test_before_acquire(false)
                    .connect_lazy_with(options);
                *opened = Some(Opened { pool: pool.clone(), token_made: Instant::now() });
                Ok(pool)
            }
        }
    }

    async fn connect_options(
        &self,
        settings: &DatabaseSettings,
        aws: &Aws,
    ) -> Result<PgConnectOptions, DatabaseError> {
        match settings {
            DatabaseSettings::Password(login) => {
                let ssl_mode: PgSslMode = login.ssl_mode.parse().map_err(DatabaseError::Query)?;
                Ok(PgConnectOptions::new_without_pgpass()
                    .host(&login.host)
                    .port(login.port)
                    .username(&login.user)
                    .password(&login.password)
                    .database(&login.database)
                    .ssl_mode(ssl_mode))
            }
            DatabaseSettings::RdsProxy { host, user } => {
                let credentials = aws.configuration().await;
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

/// A table of an organization, as it stands in SQL text. The schema's name is made from an integer, so that nothing
/// from outside ever becomes part of a statement.
pub(crate) fn table(organization: OrganizationId, name: &'static str) -> String {
    format!(r#""{organization}".{name}"#)
}
