//! Logins to the database.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::sync::Mutex;

use super::error::DatabaseError;
use super::iam_token::rds_token;
use crate::configuration::{Common, DatabaseSettings, PLATFORM_DATABASE, Setting};
use crate::platform::aws::Aws;
use crate::platform::backoff::back_off;

/// How long a token is used.
///
/// RDS accepts it for 15 minutes, and only to open a connection:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>.
const TOKEN_USE: Duration = Duration::from_mins(10);
/// The port of the RDS proxy.
const RDS_PROXY_PORT: u16 = 5432;
/// The number of attempts while the server accepts no connection.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The login to the database, with its current token.
pub(super) struct Login {
    settings: Setting<DatabaseSettings>,
    region: String,
    aws: Arc<Aws>,
    clock: fn() -> SystemTime,
    token: Mutex<Option<Token>>,
}

/// An IAM token.
#[derive(Clone)]
struct Token {
    text: String,
    made: SystemTime,
}

impl Token {
    fn is_usable(&self, now: SystemTime) -> bool {
        // After the clock was set back, the age of the token is unknown.
        now.duration_since(self.made).is_ok_and(|age| age < TOKEN_USE)
    }
}

impl Login {
    /// Creates the login without calling a service.
    pub(super) fn new(common: &Common, aws: Arc<Aws>, clock: fn() -> SystemTime) -> Self {
        Self {
            settings: common.database.clone(),
            region: common.region.clone(),
            aws,
            clock,
            token: Mutex::new(None),
        }
    }

    /// Opens a connection. After a rejected login, it tries once more with a new token.
    pub(super) async fn open(&self) -> Result<PgConnection, DatabaseError> {
        self.open_by(async |options| PgConnection::connect_with(options).await).await
    }

    async fn open_by<T>(
        &self,
        connect: impl AsyncFn(&PgConnectOptions) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        match self.open_when_accepted(&connect).await {
            Err(error) if error.is_rejected_login() && self.token.lock().await.take().is_some() => {
                tracing::warn!(%error, "login rejected; trying again with a new token");
                self.open_when_accepted(&connect).await
            }
            outcome => outcome,
        }
    }

    async fn open_when_accepted<T>(
        &self,
        connect: impl AsyncFn(&PgConnectOptions) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let options = self.options().await?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match connect(&options).await.map_err(DatabaseError::from) {
                Err(error) if error.is_connection_not_accepted() && attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "the server accepts no connection");
                    back_off(FIRST_PAUSE, attempt).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn options(&self) -> Result<PgConnectOptions, DatabaseError> {
        let settings = self.settings.as_ref().map_err(|error| DatabaseError::NotConfigured(error.clone()))?;
        match settings {
            DatabaseSettings::Password(login) => Ok(PgConnectOptions::new_without_pgpass()
                .host(&login.host)
                .port(login.port)
                .username(&login.user)
                .password(&login.password)
                .database(&login.database)
                .ssl_mode(login.ssl_mode)),
            DatabaseSettings::RdsProxy { host, user } => {
                Ok(rds_proxy_options(host, user, &self.token(host, user).await?))
            }
        }
    }

    /// Returns a token for a new connection.
    async fn token(&self, host: &str, user: &str) -> Result<String, DatabaseError> {
        let mut token = self.token.lock().await;
        let now = (self.clock)();
        if let Some(token) = token.as_ref().filter(|token| token.is_usable(now)) {
            return Ok(token.text.clone());
        }
        let configuration = self.aws.configuration().await;
        let text = rds_token(configuration, &self.region, host, RDS_PROXY_PORT, user, now).await?;
        *token = Some(Token { text: text.clone(), made: now });
        Ok(text)
    }
}

/// Returns the options for the RDS proxy.
///
/// The login sends the token in plain text, so the server must prove that it is the proxy.
///
/// Its certificate is issued by AWS Certificate Manager, whose root is one of the compiled-in roots of
/// Mozilla (the feature `tls-rustls-aws-lc-rs` of sqlx includes `webpki-roots`). The runtime
/// `provided.al2023` needs no certificates.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls>
fn rds_proxy_options(host: &str, user: &str, token: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(host)
        .port(RDS_PROXY_PORT)
        .username(user)
        .password(token)
        .database(PLATFORM_DATABASE)
        .ssl_mode(PgSslMode::VerifyFull)
}

#[cfg(test)]
mod tests;
