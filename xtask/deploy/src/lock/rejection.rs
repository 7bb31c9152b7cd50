//! Why a lock could not be taken.

use std::fmt;

use stack::Environment;

use super::Holder;
use super::stored::StoredLock;

/// Why a lock could not be taken: who holds it, since when, and what to do.
#[derive(Debug)]
pub struct Rejection {
    message: String,
    holder: Option<Holder>,
}

impl Rejection {
    /// Returns the rejection by a lock that is held.
    pub(super) fn held(environment: &Environment, lock: &StoredLock) -> Self {
        Self { message: message(environment, lock), holder: lock.holder().cloned() }
    }

    /// Returns the rejection by a process that took the lock at the same time.
    pub(super) fn overtaken(environment: &Environment) -> Self {
        let name = &environment.name;
        let message = format!("another process has just started to change {name}; try again later");
        Self { message, holder: None }
    }

    /// Returns the holder without its number of renewals, if it could be read.
    pub(super) fn holder(&self) -> Option<Holder> {
        self.holder.as_ref().map(Holder::without_renewals)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

fn message(environment: &Environment, lock: &StoredLock) -> String {
    let free_at = lock.free_at().format("%H:%M:%S UTC");
    let name = &environment.name;
    let Some(holder) = lock.holder() else {
        return format!(
            "environment {name} is locked, and the holder could not be read; the lock expires at {free_at}"
        );
    };
    format!(
        "{} has been changing {name} since {} ({}, process {} on {}); wait until it has finished.\nIf that \
         process was killed, the lock expires at {free_at}",
        holder.by,
        holder.since.format("%Y-%m-%d %H:%M:%S UTC"),
        holder.action,
        holder.process,
        holder.machine
    )
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use command_line::environment;

    use super::Rejection;
    use crate::lock::holder::tests::holder;
    use crate::lock::stored::{Content, StoredLock};

    #[test]
    fn rejection_names_the_holder_and_the_time() {
        let environment = environment::load("dev").unwrap();
        let written_at = DateTime::from_timestamp(1_795_545_600, 0).unwrap();
        let lock = StoredLock { content: Some(Content::Held(holder(None, 7))), written_at };
        insta::assert_snapshot!(Rejection::held(&environment, &lock), @r"
        arn:aws:iam::123456789012:user/alice has been changing dev since 2026-11-24 18:40:00 UTC (deploy, process 7 on desk); wait until it has finished.
        If that process was killed, the lock expires at 18:41:30 UTC
        ");
    }
}
