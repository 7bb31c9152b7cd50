//! The holder of a lock.

use chrono::{DateTime, Utc};
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;

/// The holder of a lock, as stored in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The caller's ARN.
    pub by: String,
    /// The command, such as `deploy`.
    pub action: String,
    /// When the lock was taken.
    pub since: DateTime<Utc>,
    /// The name of the machine.
    pub machine: String,
    /// Identifies the boot and the PID namespace in which the process ID is valid.
    ///
    /// `None` if the system does not provide them.
    boot: Option<String>,
    /// The process ID on the machine.
    pub process: i32,
    /// The number of renewals, which makes every state of the lock unique.
    renewals: u32,
}

impl Holder {
    pub(super) fn this_process(connection: &Connection, action: &str, now: DateTime<Utc>) -> Self {
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

    /// Returns the same holder after one more renewal.
    pub(super) fn renewed(&self) -> Self {
        Self { renewals: self.renewals + 1, ..self.clone() }
    }

    /// Returns the same holder without the number of renewals.
    pub(super) fn without_renewals(&self) -> Self {
        Self { renewals: 0, ..self.clone() }
    }

    /// Returns whether `other` is the same holder, regardless of the number of renewals.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        *self == Self { renewals: self.renewals, ..other.clone() }
    }

    /// Returns whether the holder's process has certainly ended.
    ///
    /// Only the machine that it ran on can determine this.
    pub(super) fn is_dead(&self) -> bool {
        self.boot.is_some()
            && self.boot == boot()
            && Pid::from_raw(self.process)
                .is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
    }
}

/// Returns an ID of this machine's boot and of the PID namespace of this process.
///
/// If both are equal, a process ID refers to the same process. Machine names are not unique. This is available on
/// Linux only; on other systems no holder is considered dead.
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
    fn liveness_requires_a_shared_pid_namespace() {
        let own_id = rustix::process::getpid().as_raw_nonzero().get();
        assert!(!holder(boot(), own_id).is_dead());
        // This process ID is larger than any that a kernel assigns.
        assert_eq!(holder(boot(), i32::MAX).is_dead(), boot().is_some());
        assert!(!holder(Some("another".to_owned()), i32::MAX).is_dead());
        assert!(!holder(None, i32::MAX).is_dead());
    }

    #[test]
    fn renewal_does_not_change_the_holder() {
        let one = holder(None, 7);
        assert!(one.is_same(&one.renewed().renewed()));
        assert!(!one.is_same(&holder(None, 8)));
    }
}
