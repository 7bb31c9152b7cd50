//! The login to the database.

use openapi::variables;
use sqlx::postgres::PgSslMode;

use super::variables::{Setting, Variables};

/// The login to the database.
#[derive(Clone, Debug)]
pub enum DatabaseSettings {
    /// A login to the RDS proxy as `{ENV}_rds_proxy_user` with an IAM token.
    RdsProxy {
        /// The host name of the proxy.
        host: String,
        /// The database user.
        user: String,
    },
    /// A login with a password.
    Password(PasswordSettings),
}

/// A login with a password.
#[derive(Clone)]
pub struct PasswordSettings {
    /// The host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
    /// The name of the database.
    pub database: String,
    /// The `sslmode` of libpq.
    pub ssl_mode: PgSslMode,
}

impl std::fmt::Debug for PasswordSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

/// The name of the database of the platform.
pub const PLATFORM_DATABASE: &str = "pennsieve_postgres";
const POSTGRES_PORT: u16 = 5432;

impl DatabaseSettings {
    pub(super) fn read(variables: &Variables) -> Setting<Self> {
        if let Some(host) = variables.optional(variables::POSTGRES_HOST) {
            let port = variables.optional_parsed(variables::POSTGRES_PORT, |port| port.parse().ok())?;
            let database = variables.optional(variables::PENNSIEVE_DB);
            let ssl_mode =
                variables.optional_parsed(variables::POSTGRES_SSL_MODE, |mode| mode.parse().ok())?;
            return Ok(Self::Password(PasswordSettings {
                host,
                port: port.unwrap_or(POSTGRES_PORT),
                user: variables.required(variables::POSTGRES_USER)?,
                password: variables.optional(variables::POSTGRES_PASSWORD).unwrap_or_default(),
                database: database.unwrap_or_else(|| PLATFORM_DATABASE.to_owned()),
                ssl_mode: ssl_mode.unwrap_or(PgSslMode::Require),
            }));
        }
        let environment = variables.required(variables::ENV)?;
        Ok(Self::RdsProxy {
            host: variables.required(variables::RDS_PROXY_ENDPOINT)?,
            user: format!("{environment}_rds_proxy_user"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseSettings, Variables};

    #[test]
    fn malformed_variable_is_an_error() {
        for (name, value) in [("POSTGRES_SSL_MODE", "sometimes"), ("POSTGRES_PORT", "70000")] {
            let pairs = [("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "user"), (name, value)];
            let error = DatabaseSettings::read(&Variables::from_pairs(pairs)).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is malformed"));
        }
    }
}
