//! How to reach the database.

use sqlx::postgres::PgSslMode;

use super::{Setting, Variables};

/// How to reach the database.
#[derive(Clone, Debug)]
pub enum DatabaseSettings {
    /// Through the RDS proxy, as `{ENV}_rds_proxy_user` with an IAM token.
    RdsProxy {
        /// Its host name.
        host: String,
        /// The database user.
        user: String,
    },
    /// With a password.
    Password(PasswordSettings),
}

/// A password login.
#[derive(Clone)]
pub struct PasswordSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
    /// Database name.
    pub database: String,
    /// libpq's `sslmode`.
    pub ssl_mode: PgSslMode,
}

impl std::fmt::Debug for PasswordSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}:{}/{}", self.user, self.host, self.port, self.database)
    }
}

/// The platform's database.
pub const PLATFORM_DATABASE: &str = "pennsieve_postgres";
const POSTGRES_PORT: u16 = 5432;

impl DatabaseSettings {
    pub(super) fn read(variables: &Variables) -> Setting<Self> {
        if let Some(host) = variables.optional("POSTGRES_HOST") {
            let port = match variables.optional("POSTGRES_PORT") {
                Some(_) => variables.parsed("POSTGRES_PORT", |port| port.parse().ok())?,
                None => POSTGRES_PORT,
            };
            return Ok(Self::Password(PasswordSettings {
                host,
                port,
                user: variables.required("POSTGRES_USER")?,
                password: variables.optional("POSTGRES_PASSWORD").unwrap_or_default(),
                database: variables.optional("PENNSIEVE_DB").unwrap_or_else(|| PLATFORM_DATABASE.to_owned()),
                ssl_mode: match variables.optional("POSTGRES_SSL_MODE") {
                    Some(_) => variables.parsed("POSTGRES_SSL_MODE", |mode| mode.parse().ok())?,
                    None => PgSslMode::Require,
                },
            }));
        }
        let environment = variables.required("ENV")?;
        Ok(Self::RdsProxy {
            host: variables.required("RDS_PROXY_ENDPOINT")?,
            user: format!("{environment}_rds_proxy_user"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseSettings, Variables};

    #[test]
    fn a_malformed_database_variable_is_found_at_the_start() {
        for (name, value) in [("POSTGRES_SSL_MODE", "sometimes"), ("POSTGRES_PORT", "70000")] {
            let pairs = [("POSTGRES_HOST", "localhost"), ("POSTGRES_USER", "user"), (name, value)];
            let error = DatabaseSettings::read(&Variables::from_pairs(pairs)).unwrap_err();
            assert_eq!(error.to_string(), format!("{name} is malformed"));
        }
    }
}
