//! Runs deployed functions: the real binaries behind the Lambda Runtime API.
//!
//! Every instance is a process of its own that handles one invocation at a time. A caller gets an idle instance if
//! there is one (reuse), else a new one (cold start), else waits until one is free: where Lambda would throttle, a
//! small machine queues. An invocation that a caller gives up on still runs to its end, as on Lambda.
//!
//! A function can be deployed again while it is invoked. Invocations under way end on the instances they began on, which
//! then end too; those that have not begun, queued ones included, run what was deployed last.

mod bootstrap;
mod definition;
mod environment;
mod failure;
mod instance;
mod log_delivery;
mod output;
mod runtime_api;
mod slot;
mod statistics;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use crate::control_plane::{DeployedFunction, FunctionName, FunctionRevision};
pub use bootstrap::BootstrapError;
use definition::Definition;
pub use log_delivery::{LogDelivery, LogSink, log_delivery};
use slot::Slot;
pub use statistics::FunctionStatistics;

/// Lambda takes events of 6 MB for a synchronous invocation:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const MAXIMUM_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// How a pool runs its functions.
#[derive(Clone)]
pub struct PoolSettings {
    /// Where the code of the functions is unpacked.
    pub code_directory: PathBuf,
    /// Where each function's output goes, as `NAME.log`.
    pub log_directory: PathBuf,
    /// What takes the output for CloudWatch Logs as well; without it there are only the files.
    pub log_sink: Option<LogSink>,
    /// Variables that every function gets: where the services of the local stack are. They replace those of the same
    /// name that were deployed, such as the address of a service on AWS.
    pub environment: BTreeMap<String, String>,
    /// The most instances of one function.
    pub maximum_instances: usize,
    /// Is told the id of every process, which leads a process group of its own, so that a later run can end it if
    /// this one crashes.
    pub on_spawn: Arc<dyn Fn(u32) + Send + Sync>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered.
    Response(Bytes),
    /// The function reported an error, crashed, or took too long; the payload is what Lambda answers beside the
    /// header `X-Amz-Function-Error`: `{"errorType": "…", "errorMessage": "…"}`.
    FunctionError(Bytes),
}

/// Why a function was not invoked, or its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The pool has no such function.
    #[error("no function {0} is deployed")]
    UnknownFunction(FunctionName),
    /// The event is larger than Lambda takes.
    #[error("an event of {0} bytes is more than the 6 MB that Lambda takes")]
    EventTooLarge(usize),
    /// The process could not be started.
    #[error(
        "cannot start function {name}: {source}; was it built for this machine? Build it again, then deploy it"
    )]
    Start {
        /// The function.
        name: FunctionName,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The pool was stopped.
    #[error("the function pool is stopped")]
    Stopped,
}

/// The functions of the local stack; clones share them.
#[derive(Clone)]
pub struct FunctionPool {
    shared: Arc<Shared>,
}

struct Shared {
    settings: PoolSettings,
    /// A slot stays when its function is removed: the function may be at work still, and may come back.
    slots: Mutex<BTreeMap<FunctionName, Arc<Slot>>>,
    stop: watch::Sender<bool>,
}

impl FunctionPool {
    /// Unpacks the functions; nothing is started before the first invocation.
    pub async fn new(
        functions: Vec<DeployedFunction>,
        settings: PoolSettings,
    ) -> Result<Self, BootstrapError> {
        let stop = watch::Sender::new(false);
        let pool = Self { shared: Arc::new(Shared { settings, slots: Mutex::default(), stop }) };
        for function in functions {
            pool.deploy(function).await?;
        }
        Ok(pool)
    }

    /// Adds a function, or replaces what is deployed of it; if that fails, what was there goes on.
    ///
    /// Only one deployment of a function may be at work at a time.
    pub async fn deploy(&self, function: DeployedFunction) -> Result<(), BootstrapError> {
        let name = function.arn.name.clone();
        let definition = Definition::new(function, &self.shared.settings).await?;
        let slot = Arc::clone(self.slots().entry(name).or_insert_with(|| {
            Arc::new(Slot::new(self.shared.settings.maximum_instances, self.shared.stop.subscribe()))
        }));
        slot.replace(Some(definition)).await;
        Ok(())
    }

    /// Removes a function, if it is there. Invocations that have not begun fail like those of an unknown function.
    pub async fn remove(&self, name: &FunctionName) {
        let slot = self.slots().get(name).cloned();
        if let Some(slot) = slot {
            slot.replace(None).await;
        }
    }

    /// What is deployed of every function.
    pub fn revisions(&self) -> BTreeMap<FunctionName, FunctionRevision> {
        let slots = self.slots();
        slots.iter().filter_map(|(name, slot)| Some((name.clone(), slot.revision()?))).collect()
    }

    /// Invokes a function and waits for its outcome.
    pub async fn invoke(&self, name: &FunctionName, event: Bytes) -> Result<InvocationOutcome, InvokeError> {
        if event.len() > MAXIMUM_EVENT_BYTES {
            return Err(InvokeError::EventTooLarge(event.len()));
        }
        let slot = self.slots().get(name).cloned();
        slot.ok_or_else(|| InvokeError::UnknownFunction(name.clone()))?.invoke(name, event).await
    }

    /// What every function has done so far.
    pub fn statistics(&self) -> BTreeMap<FunctionName, FunctionStatistics> {
        self.slots().iter().map(|(name, slot)| (name.clone(), slot.statistics())).collect()
    }

    /// Ends every process and every invocation; when it returns, no process is left.
    pub async fn stop(&self) {
        self.shared.stop.send_replace(true);
        let slots: Vec<_> = self.slots().values().cloned().collect();
        for slot in slots {
            slot.drain().await;
        }
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<FunctionName, Arc<Slot>>> {
        // A map is whole again after any panic that its own operations can have.
        self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
