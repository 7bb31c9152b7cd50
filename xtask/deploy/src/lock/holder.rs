//! Who holds a lock.

use chrono::{DateTime, Utc};
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;

/// The holder of a lock, as the lock says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The caller's ARN.
    pub by: String,
    /// The command, such as `deploy`.
    pub action: String,
    /// When it was taken.
    pub since: DateTime<Utc>,
    pub(super) machine: String,
    /// Identifies the processes that it is one of; none where the system does not tell.
    boot: Option<String>,
    pub(super) process: i32,
    /// How often the lock was renewed, so that no two states of it are equal.
    renewals: u32,
}

impl Holder {
    pub(super) fn us(connection: &Connection, action: &str, now: DateTime<Utc>) -> Self {
        Self {
            by: connection.caller.clone(),
            action: action.to_owned(),
            since: now,
            machine: machine(),
            boot: boot(),
            renewals: 0,
            process: rustix::process::getpid().as_raw_nonzero().get(),
        }
    }

    /// The same holder after one more renewal.
    pub(super) fn renewed(&self) -> Self {
        Self { renewals: self.renewals + 1, ..self.clone() }
    }

    /// Whether the other one is the same holder, however often either was renewed.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        *self == Self { renewals: self.renewals, ..other.clone() }
    }

    /// Whether the holder's process is certainly gone, which only its own machine can tell.
    pub(super) fn is_dead(&self) -> bool {
        self.boot.is_some()
            && self.boot == boot()
            && Pid::from_raw(self.process)
                .is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
    }
}

/// This start of this machine's kernel, and the namespace of our process: with both the same, a process id means the
/// same. Names of machines are given more than once. Linux only; elsewhere no holder is declared dead.
fn boot() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::DateTime;

    use super::{Holder, boot};

    pub(in crate::lock) fn holder(boot: Option<String>, process: i32) -> Holder {
        let since = DateTime::from_timestamp(1_795_545_600, 0).unwrap();
        let by = "arn:aws:iam::123456789012:user/alice".to_owned();
        let machine = "desk".to_owned();
        Holder { by, action: "deploy".to_owned(), since, machine, boot, process, renewals: 0 }
    }

    #[test]
    fn who_is_dead_is_known_where_process_ids_mean_the_same_only() {
        let us = rustix::process::getpid().as_raw_nonzero().get();
        assert!(!holder(boot(), us).is_dead());
        // No process has this number: it is beyond what kernels give.
        assert_eq!(holder(boot(), i32::MAX).is_dead(), boot().is_some());
        assert!(!holder(Some("another".to_owned()), i32::MAX).is_dead());
        assert!(!holder(None, i32::MAX).is_dead());
    }

    #[test]
    fn a_renewal_does_not_change_the_holder() {
        let one = holder(None, 7);
        assert!(one.is_same(&one.renewed().renewed()));
        assert!(!one.is_same(&holder(None, 8)));
    }
}
