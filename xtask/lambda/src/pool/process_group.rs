//! The process group of an instance, and its freezing between invocations.

use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A process that leads its own group, with all processes that it started; clones share their state.
///
/// Lambda freezes an execution environment while the runtime waits for the next event:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>. Stopping the group has the same
/// effect on code: a thread, a timer or a child process that works between invocations makes no progress.
///
/// Unlike on Lambda, the clocks go on: there, `CLOCK_MONOTONIC` stands still while the environment is frozen
/// (<https://github.com/hashicorp/vault-lambda-extension/issues/113>); here, no clock of a process can be stopped. A
/// timeout that ends between two invocations therefore expires at the start of the next one, which is stricter.
///
/// If this program crashes, the groups become orphaned, and the system sends SIGHUP and SIGCONT to those that are
/// stopped (<https://pubs.opengroup.org/onlinepubs/9799919799/functions/_Exit.html>), so no frozen process is left.
#[derive(Clone)]
pub(super) struct ProcessGroup(Arc<Mutex<Option<Pid>>>);

impl ProcessGroup {
    /// Returns the group that a process leads.
    pub(super) fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self(Arc::new(Mutex::new(id)))
    }

    /// Stops all processes of the group.
    pub(super) fn freeze(&self) {
        self.send(Signal::STOP);
    }

    /// Continues all processes of the group.
    pub(super) fn thaw(&self) {
        self.send(Signal::CONT);
    }

    /// Ends all processes of the group, also frozen ones.
    pub(super) fn kill(&self) {
        self.send(Signal::KILL);
    }

    /// Sends no more signals. Call it when the leader was waited for: the system may reuse its id.
    pub(super) fn forget(&self) {
        *self.id() = None;
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = *self.id() {
            // Fails if the group has just ended.
            let _already_gone = kill_process_group(group, signal);
        }
    }

    fn id(&self) -> std::sync::MutexGuard<'_, Option<Pid>> {
        // Assigning an id cannot panic halfway, so a poisoned value is still valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
