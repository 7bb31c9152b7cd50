//! What can go wrong with the database, in the terms in which callers decide.

use crate::configuration::SettingError;

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// A variable is missing or malformed.
    #[error("the database is not configured: {0}")]
    NotConfigured(#[from] SettingError),
    /// No token could be made to log in with.
    #[error("no token for the RDS proxy: {0}")]
    Token(String),
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The driver or the server said no.
    #[error(transparent)]
    Query(#[from] sqlx::Error),
}

impl DatabaseError {
    /// Whether the database cannot be reached or used now, so that it is worth trying again later.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::NotConfigured(_) | Self::Token(_) | Self::TimedOut => true,
            Self::Query(error) => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient(&code)),
                _ => false,
            },
        }
    }

    /// Whether the connection broke, so that a fresh one may work at once.
    pub(crate) fn is_broken_connection(&self) -> bool {
        match self {
            Self::TimedOut
            | Self::Query(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => true,
            Self::Query(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
            }
            _ => false,
        }
    }

    /// Whether the organization has no schema: its name is unknown, or a table is not in it.
    pub(crate) fn is_missing_schema(&self) -> bool {
        self.code().is_some_and(|code| code == "3F000" || code == "42P01")
    }

    /// Whether another transaction was in the way: a lost race for a name, a deadlock, a failed serialisation, or a
    /// lock that was held for too long.
    pub(crate) fn is_conflict(&self) -> bool {
        self.code().is_some_and(|code| matches!(code.as_str(), "23505" | "40P01" | "40001" | "55P03"))
    }

    fn code(&self) -> Option<String> {
        match self {
            Self::Query(sqlx::Error::Database(error)) => error.code().map(std::borrow::Cow::into_owned),
            _ => None,
        }
    }
}

/// Classes 08 (connection), 53 (resources), 57 (operator intervention), 28 (login, as while a proxy starts), and the
/// lock time-out: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_transient(code: &str) -> bool {
    ["08", "53", "57", "28"].iter().any(|class| code.starts_with(class)) || code == "55P03"
}

#[cfg(test)]
mod tests {
    use super::{DatabaseError, is_transient};

    #[test]
    fn a_server_that_is_away_is_told_from_a_wrong_statement() {
        for code in ["08006", "53300", "57P01", "57P03", "28P01", "55P03"] {
            assert!(is_transient(code), "{code}");
        }
        assert!(!is_transient("42P01") && !is_transient("23505"));
        assert!(DatabaseError::from(sqlx::Error::PoolTimedOut).is_unavailable());
        assert!(DatabaseError::TimedOut.is_unavailable() && DatabaseError::TimedOut.is_broken_connection());
        assert!(!DatabaseError::from(sqlx::Error::RowNotFound).is_unavailable());
    }
}
