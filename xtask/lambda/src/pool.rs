//! Runs deployed functions: the real binaries, started with the Lambda Runtime API.
//!
//! Each instance is a separate process that handles one invocation at a time. An invocation reuses an idle instance
//! if there is one. Otherwise it starts a new one (cold start), or waits for a free instance if the maximum is
//! reached, where Lambda would throttle. An invocation runs to its end even if the caller stops waiting, as on
//! Lambda.
//!
//! Between invocations, an instance is frozen.
//!
//! A function can be deployed again while it is in use. Invocations in progress finish on their current instances,
//! which are stopped afterwards. Invocations that have not started, including queued ones, use the latest deployment.

mod bootstrap;
mod definition;
mod environment;
mod failure;
mod instance;
mod log_delivery;
mod output;
mod process_group;
mod published;
mod runtime_api;
mod slot;
mod statistics;
#[cfg(test)]
pub(crate) mod testing;
mod traces;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cloudwatch::Metrics;
use tokio::sync::watch;

use crate::control_plane::{DeployedFunction, FunctionName, FunctionRevision};
use crate::role::{RoleSession, Roles};
pub use bootstrap::BootstrapError;
use definition::Definition;
pub(crate) use log_delivery::LogStream;
pub use log_delivery::{LogDelivery, LogSink, log_delivery};
use published::PublishedMetrics;
use slot::Slot;
pub use statistics::FunctionStatistics;
pub(crate) use traces::new_trace_id;
pub use traces::{TraceDelivery, TraceSink, trace_delivery};

/// Lambda limits the event of a synchronous invocation to 6 MB:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub(crate) const MAXIMUM_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// The settings of a pool.
#[derive(Clone)]
pub struct PoolSettings {
    /// Directory into which the code of the functions is unpacked.
    pub code_directory: PathBuf,
    /// Directory for the output of the functions, one file `NAME.log` each.
    pub log_directory: PathBuf,
    /// Sends the output to CloudWatch Logs as well. With `None`, it is only written to the files.
    pub log_sink: Option<LogSink>,
    /// Sends traces to X-Ray. With `None`, no invocation is sampled.
    pub trace_sink: Option<TraceSink>,
    /// The credentials of the functions' roles.
    pub roles: Roles,
    /// Environment variables for all functions: the addresses of local services. They override deployed variables of
    /// the same name, such as the address of a service on AWS.
    pub environment: BTreeMap<String, String>,
    /// Maximum number of instances of one function.
    pub maximum_instances: usize,
    /// Called with the id of each new process, which leads its own process group. If this process crashes, a later
    /// run can use the ids to end the groups.
    pub on_spawn: Arc<dyn Fn(u32) + Send + Sync>,
}

/// The outcome of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function returned a response.
    Response(Bytes),
    /// The function reported an error, crashed or timed out.
    ///
    /// The payload is what Lambda returns together with the header `X-Amz-Function-Error`: `{"errorType": "…",
    /// "errorMessage": "…"}`.
    FunctionError(Bytes),
}

/// The reason why a function was not invoked, or why its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The pool has no such function.
    #[error("no function {0} is deployed")]
    UnknownFunction(FunctionName),
    /// The event exceeds the limit of Lambda.
    #[error("an event of {0} bytes is more than the 6 MB that Lambda takes")]
    EventTooLarge(usize),
    /// The process could not be started.
    #[error(
        "cannot start function {name}: {source}; was it built for this machine? Build it again, then deploy it"
    )]
    Start {
        /// The function.
        name: FunctionName,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The pool was stopped.
    #[error("the function pool is stopped")]
    Stopped,
}

/// A pool of functions; clones share their state.
#[derive(Clone)]
pub struct FunctionPool {
    shared: Arc<Shared>,
}

struct Shared {
    settings: PoolSettings,
    metrics: Metrics,
    /// The slot of a removed function stays: the function may still be running, and may be deployed again.
    slots: Mutex<BTreeMap<FunctionName, Arc<Slot>>>,
    stop: watch::Sender<bool>,
}

impl FunctionPool {
    /// Creates a pool and unpacks the functions. Instances start with the first invocation.
    pub async fn new(
        functions: Vec<DeployedFunction>,
        settings: PoolSettings,
    ) -> Result<Self, BootstrapError> {
        let stop = watch::Sender::new(false);
        let shared = Shared { settings, metrics: Metrics::default(), slots: Mutex::default(), stop };
        let pool = Self { shared: Arc::new(shared) };
        for function in functions {
            pool.deploy(function).await?;
        }
        Ok(pool)
    }

    /// Adds or replaces a function. If that fails, the previous deployment stays.
    ///
    /// A function must not be deployed twice at the same time.
    pub async fn deploy(&self, function: DeployedFunction) -> Result<(), BootstrapError> {
        let name = function.arn.name.clone();
        let definition = Definition::new(function, &self.shared.settings).await?;
        let slot = Arc::clone(self.slots().entry(name.clone()).or_insert_with(|| {
            let Shared { settings, metrics, stop, .. } = &*self.shared;
            let published = PublishedMetrics::new(metrics.clone(), name);
            Arc::new(Slot::new(settings.maximum_instances, stop.subscribe(), published))
        }));
        slot.replace(Some(definition)).await;
        Ok(())
    }

    /// Removes a function if it exists.
    ///
    /// Waiting invocations fail with [`InvokeError::UnknownFunction`].
    pub async fn remove(&self, name: &FunctionName) {
        let slot = self.slots().get(name).cloned();
        if let Some(slot) = slot {
            slot.replace(None).await;
        }
    }

    /// Returns the deployed revision of each function.
    pub fn revisions(&self) -> BTreeMap<FunctionName, FunctionRevision> {
        let slots = self.slots();
        slots.iter().filter_map(|(name, slot)| Some((name.clone(), slot.revision()?))).collect()
    }

    /// Returns the role with which a function runs, if it is deployed.
    pub fn role(&self, name: &FunctionName) -> Option<RoleSession> {
        self.slots().get(name)?.role()
    }

    /// Returns what delivers the output of the functions to CloudWatch Logs.
    pub(crate) fn log_sink(&self) -> Option<&LogSink> {
        self.shared.settings.log_sink.as_ref()
    }

    /// Returns the credentials of the functions' roles.
    pub(crate) fn roles(&self) -> &Roles {
        &self.shared.settings.roles
    }

    /// Invokes a function and waits for its outcome.
    pub async fn invoke(&self, name: &FunctionName, event: Bytes) -> Result<InvocationOutcome, InvokeError> {
        if event.len() > MAXIMUM_EVENT_BYTES {
            return Err(InvokeError::EventTooLarge(event.len()));
        }
        let slot = self.slots().get(name).cloned();
        slot.ok_or_else(|| InvokeError::UnknownFunction(name.clone()))?.invoke(name, event).await
    }

    /// Returns the metrics of the functions, and of all else that records them there.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Returns the statistics of each function.
    pub fn statistics(&self) -> BTreeMap<FunctionName, FunctionStatistics> {
        self.slots().iter().map(|(name, slot)| (name.clone(), slot.statistics())).collect()
    }

    /// Ends all invocations and processes, and waits until no process is left.
    pub async fn stop(&self) {
        self.shared.stop.send_replace(true);
        let slots: Vec<_> = self.slots().values().cloned().collect();
        for slot in slots {
            slot.drain().await;
        }
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<FunctionName, Arc<Slot>>> {
        // No operation on the map can panic halfway, so a poisoned map is still valid.
        self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
