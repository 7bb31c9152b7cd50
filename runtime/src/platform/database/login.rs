//! Logging in to the database.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::sync::Mutex;

use super::DatabaseError;
use super::iam_token::rds_token;
use crate::configuration::{Common, DatabaseSettings, PLATFORM_DATABASE, Setting};
use crate::platform::aws::Aws;

/// RDS accepts an IAM token for 15 minutes, and only to open a connection:
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html>.
const TOKEN_USE: Duration = Duration::from_mins(10);
/// The port of the RDS proxy.
const RDS_PROXY_PORT: u16 = 5432;
/// How often a server that admits nobody is asked, with growing pauses.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How to log in.
pub(super) struct Login {
    settings: Setting<DatabaseSettings>,
    region: String,
    aws: Arc<Aws>,
    clock: fn() -> SystemTime,
    token: Mutex<Option<Token>>,
}

/// An IAM token.
///
/// Its age is measured by the wall clock: the monotonic clock stands still while Lambda has frozen the function
/// (<https://github.com/hashicorp/vault-lambda-extension/issues/113>).
#[derive(Clone)]
struct Token {
    text: String,
    made: SystemTime,
}

impl Token {
    fn is_usable(&self, now: SystemTime) -> bool {
        // A clock that was set back tells nothing of the token's age.
        now.duration_since(self.made).is_ok_and(|age| age < TOKEN_USE)
    }
}

impl Login {
    /// Nothing is called before the first use.
    pub(super) fn new(common: &Common, aws: Arc<Aws>, clock: fn() -> SystemTime) -> Self {
        Self {
            settings: common.database.clone(),
            region: common.region.clone(),
            aws,
            clock,
            token: Mutex::new(None),
        }
    }

    /// Opens a connection. A login that is refused is tried once more, with a fresh token.
    pub(super) async fn open(&self) -> Result<PgConnection, DatabaseError> {
        self.open_by(async |options| PgConnection::connect_with(options).await).await
    }

    async fn open_by<T>(
        &self,
        connect: impl AsyncFn(&PgConnectOptions) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        match self.open_when_admitted(&connect).await {
            Err(error) if error.is_refused_login() && self.token.lock().await.take().is_some() => {
                tracing::warn!(%error, "login refused; trying again with a fresh token");
                self.open_when_admitted(&connect).await
            }
            outcome => outcome,
        }
    }

    async fn open_when_admitted<T>(
        &self,
        connect: impl AsyncFn(&PgConnectOptions) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let options = self.options().await?;
        for attempt in 1..ATTEMPTS {
            match connect(&options).await.map_err(DatabaseError::from) {
                Err(error) if error.is_not_admitted() => {
                    tracing::warn!(%error, attempt, "not admitted");
                    tokio::time::sleep(FIRST_PAUSE * (1 << attempt)).await;
                }
                outcome => return outcome,
            }
        }
        Ok(connect(&options).await?)
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

    /// A token that is good for a new connection.
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

/// The RDS proxy asks for the token in plain text, so that it must be the proxy, and nobody else, whom we ask.
///
/// Its certificate is one of AWS Certificate Manager, whose roots are among those of Mozilla, which are compiled in
/// (sqlx's feature `tls-rustls-aws-lc-rs` brings `webpki-roots`): the runtime `provided.al2023` has to bring no
/// certificates. <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls>
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
