//! What can go wrong with the database, in the terms in which callers decide.

use sqlx::postgres::PgDatabaseError;

use super::Moment;
use super::sqlstate::Meaning;
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
    /// No connection could be opened in time.
    #[error("no connection to the database in time")]
    ConnectTimedOut,
    /// A connection that was left open does not answer.
    #[error("the connection to the database does not answer")]
    Silent,
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The driver or the server refused.
    #[error(transparent)]
    Query(#[from] sqlx::Error),
}

/// A change that was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Nothing was changed.
    #[error(transparent)]
    NotDone(DatabaseError),
    /// The answer of the database did not arrive: everything was changed, or nothing.
    #[error("the database did not confirm a change: {cause}")]
    Unknown {
        /// By the database's clock, a time before the change.
        since: Moment,
        /// Why there is no answer.
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
    /// Whether the database cannot be reached or used now, so that it is worth trying again later.
    pub(crate) fn is_unavailable(&self) -> bool {
        match self {
            Self::NotConfigured(_)
            | Self::Token(_)
            | Self::ConnectTimedOut
            | Self::Silent
            | Self::TimedOut => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::is_unavailable),
        }
    }

    /// Whether the connection is of no more use (broken, closed, read-only, or with a stale plan), while another one may
    /// work at once.
    pub(crate) fn needs_another_connection(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::needs_another_connection),
            _ => false,
        }
    }

    /// Whether the connection is as good as before.
    pub(super) fn leaves_connection_sound(&self) -> bool {
        self.is(Meaning::leaves_connection_sound)
    }

    /// Whether the statement may have been completed all the same.
    pub(super) fn leaves_outcome_unknown(&self) -> bool {
        match self {
            Self::Silent | Self::TimedOut => true,
            Self::Query(error) => is_broken(error) || self.is(Meaning::leaves_outcome_unknown),
            _ => false,
        }
    }

    /// Whether the login was refused, as with a token that has expired.
    pub(super) fn is_refused_login(&self) -> bool {
        self.is(|meaning| meaning == Meaning::LoginRefused)
    }

    /// Whether the server admits nobody now, as while it starts or has all its slots taken.
    pub(super) fn is_not_admitted(&self) -> bool {
        self.is(|meaning| meaning == Meaning::NotAdmitted)
    }

    /// Whether the organization has no schema: its name is unknown, or a table is not in it.
    pub(crate) fn is_missing_schema(&self) -> bool {
        self.is(|meaning| meaning == Meaning::MissingSchema)
    }

    /// Whether another transaction was in the way: a lost race for a name, a deadlock, a failed serialization, or a
    /// lock that was held for too long.
    pub(crate) fn is_conflict(&self) -> bool {
        self.is(Meaning::is_conflict)
    }

    fn is(&self, judge: impl FnOnce(Meaning) -> bool) -> bool {
        let Self::Query(sqlx::Error::Database(error)) = self else { return false };
        error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| judge(Meaning::of(error)))
    }
}

/// Whether the driver lost the server.
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
    fn a_server_that_is_away_is_told_from_a_wrong_statement() {
        let broken = DatabaseError::from(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert!(broken.is_unavailable() && broken.needs_another_connection());
        assert!(broken.leaves_outcome_unknown() && !broken.leaves_connection_sound());
        let wrong = DatabaseError::from(sqlx::Error::RowNotFound);
        assert!(!wrong.is_unavailable() && !wrong.needs_another_connection());
    }

    #[test]
    fn a_slow_answer_is_not_asked_for_again_at_once() {
        assert!(DatabaseError::Silent.needs_another_connection());
        assert!(!DatabaseError::TimedOut.needs_another_connection());
        assert!(!DatabaseError::ConnectTimedOut.needs_another_connection());
        assert!(DatabaseError::TimedOut.leaves_outcome_unknown());
        assert!(!DatabaseError::ConnectTimedOut.leaves_outcome_unknown());
    }
}
