//! The meanings of the errors of a PostgreSQL server.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// The meaning of an error of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The prepared statement is outdated or unknown to the server.
    StalePlan,
    /// The server accepts no writes, because a failover demoted it.
    ReadOnly,
    /// The server closes the connection.
    Closed,
    /// The server does not accept the password.
    LoginRejected,
    /// The server has no free slot for a connection, or is starting.
    ConnectionNotAccepted,
    /// The server lacks memory, disk space or another resource.
    Overloaded,
    /// The server canceled the statement, after a time limit or on request.
    Canceled,
    /// Another transaction held a lock for too long.
    LockTimeout,
    /// The statement conflicts with another transaction.
    ///
    /// A name was taken, or there was a deadlock or a failed serialization.
    Conflict,
    /// The organization has no schema, or the schema does not have the table.
    MissingSchema,
    /// The statement is wrong, or the server has an internal error.
    Other,
}

/// The meanings of codes and of classes, which have two characters.
///
/// The first match applies.
///
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const MEANINGS: &[(&str, Meaning)] = &[
    ("08", Meaning::Closed),
    ("23505", Meaning::Conflict),
    ("25006", Meaning::ReadOnly),
    // The server closes a connection that is idle in a transaction, or in a transaction for too long.
    ("25P03", Meaning::Closed),
    ("25P04", Meaning::Closed),
    // A prepared statement does not exist or exists already: a proxy has changed the session.
    ("26000", Meaning::StalePlan),
    ("42P05", Meaning::StalePlan),
    ("28", Meaning::LoginRejected),
    ("3F000", Meaning::MissingSchema),
    ("42P01", Meaning::MissingSchema),
    ("40001", Meaning::Conflict),
    ("40P01", Meaning::Conflict),
    // It is unknown whether the statement was completed.
    ("40003", Meaning::Closed),
    ("53300", Meaning::ConnectionNotAccepted),
    ("53", Meaning::Overloaded),
    ("55P03", Meaning::LockTimeout),
    ("57014", Meaning::Canceled),
    ("57P03", Meaning::ConnectionNotAccepted),
    ("57", Meaning::Closed),
];

/// The function of the server that reports stale plans.
///
/// The code 0A000 also stands for every feature that PostgreSQL does not have, and the message can be
/// translated. Rails uses the function as well:
/// <https://github.com/rails/rails/blob/v8.0.0/activerecord/lib/active_record/connection_adapters/postgresql_adapter.rb#L901>.
const STALE_PLAN_ROUTINE: &str = "RevalidateCachedQuery";

impl Meaning {
    /// Returns the meaning of an error.
    pub(super) fn from_error(error: &PgDatabaseError) -> Self {
        let is_fatal = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
        Self::from_code(error.code(), error.routine(), is_fatal)
    }

    fn from_code(code: &str, routine: Option<&str>, is_fatal: bool) -> Self {
        let listed = MEANINGS.iter().find(|(prefix, _)| code.starts_with(prefix));
        match listed {
            Some((_, meaning)) => *meaning,
            None if code == "0A000" && routine == Some(STALE_PLAN_ROUTINE) => Self::StalePlan,
            None if is_fatal => Self::Closed,
            None => Self::Other,
        }
    }

    /// Returns whether the connection is unusable, while another one may work.
    pub(super) fn needs_another_connection(self) -> bool {
        matches!(self, Self::StalePlan | Self::ReadOnly | Self::Closed)
    }

    /// Returns whether the error does not affect the connection.
    pub(super) fn leaves_connection_usable(self) -> bool {
        matches!(
            self,
            Self::Canceled | Self::LockTimeout | Self::Conflict | Self::MissingSchema | Self::Other
        )
    }

    /// Returns whether the database cannot be used now.
    ///
    /// The same statement may work later.
    pub(super) fn is_unavailable(self) -> bool {
        !matches!(self, Self::MissingSchema | Self::Other)
    }

    /// Returns whether the same work can succeed when it starts over.
    pub(super) fn is_conflict(self) -> bool {
        matches!(self, Self::Conflict | Self::LockTimeout)
    }

    /// Returns whether the statement may have been executed nevertheless.
    pub(super) fn leaves_outcome_unknown(self) -> bool {
        // A server that shuts down while it waits for a standby has already committed:
        // https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
        self == Self::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::Meaning;

    fn meaning(code: &str) -> Meaning {
        Meaning::from_code(code, None, false)
    }

    #[test]
    fn listed_codes_have_their_meanings() {
        for (codes, expected) in [
            (&["26000", "42P05"][..], Meaning::StalePlan),
            (&["25006"], Meaning::ReadOnly),
            (
                &["08000", "08003", "08006", "57P01", "57P02", "57P04", "57P05", "25P03", "40003"],
                Meaning::Closed,
            ),
            (&["28P01", "28000"], Meaning::LoginRejected),
            (&["53300", "57P03"], Meaning::ConnectionNotAccepted),
            (&["53100", "53200", "53400"], Meaning::Overloaded),
            (&["57014"], Meaning::Canceled),
            (&["55P03"], Meaning::LockTimeout),
            (&["23505", "40P01", "40001"], Meaning::Conflict),
            (&["3F000", "42P01"], Meaning::MissingSchema),
            (&["42601", "22P02", "23503", "42501", "XX000"], Meaning::Other),
        ] {
            for code in codes {
                assert_eq!(meaning(code), expected, "{code}");
            }
        }
    }

    #[test]
    fn stale_plan_is_distinguished_from_a_missing_feature() {
        let of_routine = |routine| Meaning::from_code("0A000", Some(routine), false);
        assert_eq!(of_routine("RevalidateCachedQuery"), Meaning::StalePlan);
        assert_eq!(of_routine("ExecInitExpr"), Meaning::Other);
        assert_eq!(meaning("0A000"), Meaning::Other);
    }

    #[test]
    fn fatal_error_closes_the_connection() {
        assert_eq!(Meaning::from_code("XX000", None, true), Meaning::Closed);
        assert_eq!(Meaning::from_code("28P01", None, true), Meaning::LoginRejected);
    }

    #[test]
    fn connection_is_kept_only_after_errors_that_do_not_affect_it() {
        for code in ["26000", "25006", "57P01", "08006", "28P01", "53300", "53200"] {
            assert!(!meaning(code).leaves_connection_usable(), "{code}");
            assert!(meaning(code).is_unavailable(), "{code}");
        }
        for code in ["57014", "55P03", "23505", "42P01", "42601"] {
            assert!(meaning(code).leaves_connection_usable(), "{code}");
        }
        assert!(!meaning("42P01").is_unavailable() && !meaning("42601").is_unavailable());
    }
}
