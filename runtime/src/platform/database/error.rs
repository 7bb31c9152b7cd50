//! Errors of the database, classified by what they mean for a caller.

use sqlx::postgres::PgDatabaseError;

use super::sqlstate::Meaning;
use super::statement::Moment;
use crate::configuration::SettingError;

/// A statement or a connection failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    /// A variable is missing or malformed.
    #[error("the database is not configured: {0}")]
    NotConfigured(#[from] SettingError),
    /// The token for the login could not be created.
    #[error("no token for the RDS proxy: {0}")]
    Token(String),
    /// The time limit for connecting is over.
    #[error("could not connect to the database in time")]
    ConnectTimedOut,
    /// A kept connection does not respond.
    #[error("the connection to the database does not respond")]
    Unresponsive,
    /// The time limit of a statement is over.
    #[error("the database did not respond in time")]
    TimedOut,
    /// The driver or the server returned an error.
    #[error(transparent)]
    Query(#[from] sqlx::Error),
}

/// A change failed, or was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Nothing was changed.
    #[error(transparent)]
    NotDone(DatabaseError),
    /// The response did not arrive: the change happened completely or not at all.
    #[error("the database did not confirm a change: {cause}")]
    Unknown {
        /// A time before the change, by the clock of the database.
        since: Moment,
        /// Why there is no response.
        cause: DatabaseError,
    },
}

impl From<ChangeError> for DatabaseError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NotDone(cause) | ChangeError::Unknown { cause, .. } => cause,
        }
    }
}

impl DatabaseError {
    /// Returns whether the database cannot be reached or used now.
    ///
    /// A retry can succeed later.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::NotConfigured(_)
            | Self::Token(_)
            | Self::ConnectTimedOut
            | Self::Unresponsive
            | Self::TimedOut => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::is_unavailable),
        }
    }

    /// Returns whether the connection is unusable, while another one may work.
    ///
    /// It is broken, closed, read-only or has a stale plan.
    pub(crate) fn needs_another_connection(&self) -> bool {
        match self {
            Self::Unresponsive => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::needs_another_connection),
            _ => false,
        }
    }

    /// Returns whether the error does not affect the connection.
    pub(super) fn leaves_connection_usable(&self) -> bool {
        self.is(Meaning::leaves_connection_usable)
    }

    /// Returns whether the statement may have been executed nevertheless.
    pub(super) fn leaves_outcome_unknown(&self) -> bool {
        match self {
            Self::Unresponsive | Self::TimedOut => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::leaves_outcome_unknown),
            _ => false,
        }
    }

    /// Returns whether the login was rejected, as with an expired token.
    pub(super) fn is_rejected_login(&self) -> bool {
        self.is(|meaning| meaning == Meaning::LoginRejected)
    }

    /// Returns whether the server accepts no connection now.
    ///
    /// It is starting, or has no free slot.
    pub(super) fn is_connection_not_accepted(&self) -> bool {
        self.is(|meaning| meaning == Meaning::ConnectionNotAccepted)
    }

    /// Returns whether the organization has no schema, or not this table.
    pub(crate) fn is_missing_schema(&self) -> bool {
        self.is(|meaning| meaning == Meaning::MissingSchema)
    }

    /// Returns whether the statement conflicts with another transaction.
    ///
    /// A name was taken, or there was a deadlock, a failed serialization or a lock timeout.
    pub(crate) fn is_conflict(&self) -> bool {
        self.is(Meaning::is_conflict)
    }

    fn is(&self, predicate: impl FnOnce(Meaning) -> bool) -> bool {
        let Self::Query(sqlx::Error::Database(error)) = self else { return false };
        error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| predicate(Meaning::from_error(error)))
    }
}

/// Returns whether the driver lost the connection.
fn is_broken(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

#[cfg(test)]
mod tests {
    use super::DatabaseError;

    #[test]
    fn broken_connection_is_distinguished_from_a_wrong_statement() {
        let broken = DatabaseError::from(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert!(broken.is_unavailable() && broken.needs_another_connection());
        assert!(broken.leaves_outcome_unknown() && !broken.leaves_connection_usable());
        let wrong = DatabaseError::from(sqlx::Error::RowNotFound);
        assert!(!wrong.is_unavailable() && !wrong.needs_another_connection());
    }

    #[test]
    fn slow_statement_is_not_repeated_immediately() {
        assert!(DatabaseError::Unresponsive.needs_another_connection());
        assert!(!DatabaseError::TimedOut.needs_another_connection());
        assert!(!DatabaseError::ConnectTimedOut.needs_another_connection());
        assert!(DatabaseError::TimedOut.leaves_outcome_unknown());
        assert!(!DatabaseError::ConnectTimedOut.leaves_outcome_unknown());
    }
}
