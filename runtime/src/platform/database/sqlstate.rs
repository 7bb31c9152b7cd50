//! What the errors of a PostgreSQL server mean for the caller.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What an error of the server means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The schema changed after the statement was prepared on this connection, or the server lost the statement.
    StalePlan,
    /// The server takes no writes: it was demoted by a failover, and this connection still leads to it.
    ReadOnly,
    /// The server ends this connection, or ended it.
    Closed,
    /// The server does not accept the password.
    LoginRefused,
    /// The server has no room for another connection, or is still starting.
    NotAdmitted,
    /// The server lacks memory, disk space or another resource.
    Overloaded,
    /// The server stopped the statement, because it took too long or an operator asked for it.
    Canceled,
    /// Another transaction held a lock for too long.
    LockTimeout,
    /// Another transaction was in the way: a name taken first, a deadlock, a failed serialization.
    Conflict,
    /// The organization has no schema, or the schema lacks the table.
    MissingSchema,
    /// The statement is wrong, or the server has an internal error.
    Other,
}

/// Codes and classes with their meanings; the first that fits decides. A text of two characters is a class.
///
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const MEANINGS: &[(&str, Meaning)] = &[
    ("08", Meaning::Closed),
    ("23505", Meaning::Conflict),
    ("25006", Meaning::ReadOnly),
    // The server ends a connection that is idle in a transaction, or in a transaction for too long.
    ("25P03", Meaning::Closed),
    ("25P04", Meaning::Closed),
    // A prepared statement that does not exist, or exists already: a proxy has moved us to another session.
    ("26000", Meaning::StalePlan),
    ("42P05", Meaning::StalePlan),
    ("28", Meaning::LoginRefused),
    ("3F000", Meaning::MissingSchema),
    ("42P01", Meaning::MissingSchema),
    ("40001", Meaning::Conflict),
    ("40P01", Meaning::Conflict),
    // Nobody knows whether the statement was completed.
    ("40003", Meaning::Closed),
    ("53300", Meaning::NotAdmitted),
    ("53", Meaning::Overloaded),
    ("55P03", Meaning::LockTimeout),
    ("57014", Meaning::Canceled),
    ("57P03", Meaning::NotAdmitted),
    ("57", Meaning::Closed),
];

/// The function of the server that finds a plan stale. Its code, 0A000, also stands for every feature that PostgreSQL
/// lacks, and the message can be translated. Rails tells it in the same way:
/// <https://github.com/rails/rails/blob/v8.0.0/activerecord/lib/active_record/connection_adapters/postgresql_adapter.rb#L901>.
const FINDS_STALE_PLANS: &str = "RevalidateCachedQuery";

impl Meaning {
    /// The meaning of an error of the server.
    pub(super) fn of(error: &PgDatabaseError) -> Self {
        let is_fatal = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
        Self::of_code(error.code(), error.routine(), is_fatal)
    }

    fn of_code(code: &str, routine: Option<&str>, is_fatal: bool) -> Self {
        let listed = MEANINGS.iter().find(|(prefix, _)| code.starts_with(prefix));
        match listed {
            Some((_, meaning)) => *meaning,
            None if code == "0A000" && routine == Some(FINDS_STALE_PLANS) => Self::StalePlan,
            None if is_fatal => Self::Closed,
            None => Self::Other,
        }
    }

    /// Whether the connection is of no more use, while another one may work at once.
    pub(super) fn needs_another_connection(self) -> bool {
        matches!(self, Self::StalePlan | Self::ReadOnly | Self::Closed)
    }

    /// Whether the connection is as good as before.
    pub(super) fn leaves_connection_sound(self) -> bool {
        matches!(
            self,
            Self::Canceled | Self::LockTimeout | Self::Conflict | Self::MissingSchema | Self::Other
        )
    }

    /// Whether the database cannot be used now, while the same statement may work later.
    pub(super) fn is_unavailable(self) -> bool {
        !matches!(self, Self::MissingSchema | Self::Other)
    }

    /// Whether the same work may succeed when it starts over, because another transaction was in the way.
    pub(super) fn is_conflict(self) -> bool {
        matches!(self, Self::Conflict | Self::LockTimeout)
    }

    /// Whether the statement may have been completed all the same.
    pub(super) fn leaves_outcome_unknown(self) -> bool {
        // A server that shuts down while it waits for a standby has committed already:
        // https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
        self == Self::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::Meaning;

    fn meaning(code: &str) -> Meaning {
        Meaning::of_code(code, None, false)
    }

    #[test]
    fn every_listed_code_has_its_meaning() {
        for (codes, expected) in [
            (&["26000", "42P05"][..], Meaning::StalePlan),
            (&["25006"], Meaning::ReadOnly),
            (
                &["08000", "08003", "08006", "57P01", "57P02", "57P04", "57P05", "25P03", "40003"],
                Meaning::Closed,
            ),
            (&["28P01", "28000"], Meaning::LoginRefused),
            (&["53300", "57P03"], Meaning::NotAdmitted),
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
    fn a_stale_plan_is_told_from_a_feature_that_is_missing() {
        let of_routine = |routine| Meaning::of_code("0A000", Some(routine), false);
        assert_eq!(of_routine("RevalidateCachedQuery"), Meaning::StalePlan);
        assert_eq!(of_routine("ExecInitExpr"), Meaning::Other);
        assert_eq!(meaning("0A000"), Meaning::Other);
    }

    #[test]
    fn a_fatal_error_closes_the_connection_whatever_its_code() {
        assert_eq!(Meaning::of_code("XX000", None, true), Meaning::Closed);
        assert_eq!(Meaning::of_code("28P01", None, true), Meaning::LoginRefused);
    }

    #[test]
    fn only_a_sound_connection_is_kept() {
        for code in ["26000", "25006", "57P01", "08006", "28P01", "53300", "53200"] {
            assert!(!meaning(code).leaves_connection_sound(), "{code}");
            assert!(meaning(code).is_unavailable(), "{code}");
        }
        for code in ["57014", "55P03", "23505", "42P01", "42601"] {
            assert!(meaning(code).leaves_connection_sound(), "{code}");
        }
        assert!(!meaning("42P01").is_unavailable() && !meaning("42601").is_unavailable());
    }
}
