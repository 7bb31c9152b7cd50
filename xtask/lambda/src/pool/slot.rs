//! A function of the pool with its instances.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use super::definition::Definition;
use super::instance::{Instance, Run};
use super::published::PublishedMetrics;
use super::statistics::{Counters, FunctionStatistics};
use super::traces::InvocationTrace;
use super::{InvocationOutcome, InvokeError};
use crate::control_plane::{FunctionName, FunctionRevision};
use crate::role::RoleSession;

/// Lambda limits the initialization to ten seconds:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INITIALIZATION_LIMIT: Duration = Duration::from_secs(10);

/// A function and its instances, across deployments.
pub(super) struct Slot {
    /// One permit per busy instance. An instance is always either busy or idle.
    permits: Arc<Semaphore>,
    maximum_instances: u32,
    current: Mutex<Option<Current>>,
    counters: Counters,
    published: PublishedMetrics,
    stop: watch::Receiver<bool>,
}

/// The current deployment and its idle instances.
struct Current {
    definition: Arc<Definition>,
    idle: Vec<Instance>,
}

/// A deployment for one invocation, with an instance if one can be reused.
struct Place {
    definition: Arc<Definition>,
    instance: Option<Instance>,
}

impl Slot {
    pub(super) fn new(
        maximum_instances: usize,
        stop: watch::Receiver<bool>,
        published: PublishedMetrics,
    ) -> Self {
        let maximum_instances = u32::try_from(maximum_instances.max(1)).unwrap_or(u32::MAX);
        Self {
            permits: Arc::new(Semaphore::new(maximum_instances as usize)),
            maximum_instances,
            current: Mutex::default(),
            counters: Counters::default(),
            published,
            stop,
        }
    }

    /// Replaces or removes the deployment for new invocations.
    ///
    /// The idle instances of the old deployment are stopped. A busy one is stopped after its invocation.
    pub(super) async fn replace(&self, definition: Option<Definition>) {
        let new = definition.map(|it| Current { definition: Arc::new(it), idle: Vec::new() });
        let old = std::mem::replace(&mut *self.current(), new);
        end_all(old.map(|old| old.idle).unwrap_or_default()).await;
    }

    pub(super) fn revision(&self) -> Option<FunctionRevision> {
        self.current().as_ref().map(|current| current.definition.revision.clone())
    }

    /// Returns the role of the deployed function.
    pub(super) fn role(&self) -> Option<RoleSession> {
        self.current().as_ref().map(|current| current.definition.launch.role.clone())
    }

    /// Waits for a permit and invokes the function.
    pub(super) async fn invoke(
        self: &Arc<Self>,
        name: &FunctionName,
        event: Bytes,
    ) -> Result<InvocationOutcome, InvokeError> {
        let mut stop = self.stop.clone();
        let permit = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => return Err(InvokeError::Stopped),
            permit = Arc::clone(&self.permits).acquire_owned() => permit.map_err(|_| InvokeError::Stopped)?,
        };
        // Run in a separate task: the invocation continues if its caller is dropped, and leaves no instance in an
        // undefined state.
        let (slot, name) = (Arc::clone(self), name.clone());
        let invocation = tokio::spawn(async move { slot.run(&name, event, permit, stop).await });
        invocation.await.unwrap_or(Err(InvokeError::Stopped))
    }

    async fn run(
        &self,
        name: &FunctionName,
        event: Bytes,
        permit: OwnedSemaphorePermit,
        mut stop: watch::Receiver<bool>,
    ) -> Result<InvocationOutcome, InvokeError> {
        let mut place = None;
        let outcome = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => Err(InvokeError::Stopped),
            outcome = self.run_in(&mut place, name, event) => outcome,
        };
        if let Some(Place { definition, instance: Some(instance) }) = place {
            let unwanted = if outcome.is_ok() { self.keep(&definition, instance) } else { Some(instance) };
            end_all(unwanted).await;
        }
        // The instance is idle or stopped now, so another invocation can use or start one.
        drop(permit);
        outcome
    }

    /// Runs the event on an idle or a new instance of the current deployment.
    async fn run_in(
        &self,
        place: &mut Option<Place>,
        name: &FunctionName,
        event: Bytes,
    ) -> Result<InvocationOutcome, InvokeError> {
        let request_id = Uuid::new_v4();
        self.counters.invocations.increment();
        self.published.started(self.busy());
        let is_active = self.current().as_ref().is_some_and(|it| it.definition.tracing.is_some());
        let mut trace = InvocationTrace::begin(is_active);
        let mut started;
        let (outcome, can_be_reused) = loop {
            *place = self.take().await;
            let Some(Place { definition, instance: found }) = place else {
                return Err(InvokeError::UnknownFunction(name.clone()));
            };
            let is_reused = found.is_some();
            started = Instant::now();
            let instance = match found {
                Some(instance) => instance,
                None => found.insert(self.start_instance(definition).await?),
            };
            if !is_reused {
                let since = SystemTime::now();
                if let Some(failure) = instance.initialize(request_id, INITIALIZATION_LIMIT).await {
                    break (failure, false);
                }
                trace.initialized(since);
            }
            // The duration of an invocation does not include the initialization.
            started = Instant::now();
            let header = trace.invoked();
            let arn = definition.arn.to_string();
            let run = instance.run(request_id, arn, event.clone(), header, definition.timeout);
            match run.await {
                Run::Done(outcome) => break (outcome, true),
                Run::Failed(outcome) => break (outcome, false),
                // The instance died while idle, so retry with another one.
                Run::NotTaken(_) if is_reused => {}
                Run::NotTaken(failure) => break (failure.outcome(request_id), false),
            }
        };
        if let Some(Place { definition, .. }) = place {
            definition.trace(trace, request_id, &outcome);
        }
        if !can_be_reused {
            end_all(place.take().and_then(|place| place.instance)).await;
        }
        self.count(name, &outcome, started);
        Ok(outcome)
    }

    async fn start_instance(&self, definition: &Definition) -> Result<Instance, InvokeError> {
        self.counters.cold_starts.increment();
        Instance::start(&definition.launch)
            .await
            .map_err(|source| InvokeError::Start { name: definition.arn.name.clone(), source })
    }

    /// Takes the current deployment with its most recently used idle instance, and drops dead instances.
    async fn take(&self) -> Option<Place> {
        loop {
            let mut place = {
                let mut current = self.current();
                let Current { definition, idle } = current.as_mut()?;
                Place { definition: Arc::clone(definition), instance: idle.pop() }
            };
            match place.instance.take_if(|instance| !instance.is_alive()) {
                Some(dead) => dead.end().await,
                None => return Some(place),
            }
        }
    }

    /// Keeps an instance as idle, or returns it if the deployment has been replaced since it started.
    fn keep(&self, definition: &Arc<Definition>, instance: Instance) -> Option<Instance> {
        match self.current().as_mut() {
            Some(current) if Arc::ptr_eq(&current.definition, definition) => {
                current.idle.push(instance);
                None
            }
            _ => Some(instance),
        }
    }

    fn count(&self, name: &FunctionName, outcome: &InvocationOutcome, started: Instant) {
        self.published.ended(outcome, started.elapsed());
        if let InvocationOutcome::FunctionError(payload) = outcome {
            self.counters.errors.increment();
            let error: String = String::from_utf8_lossy(payload).chars().take(500).collect();
            tracing::warn!(function = %name, %error, "function error");
        }
    }

    pub(super) fn statistics(&self) -> FunctionStatistics {
        let maximum = self.maximum_instances as usize;
        let busy = self.busy();
        FunctionStatistics {
            invocations: self.counters.invocations.get(),
            cold_starts: self.counters.cold_starts.get(),
            errors: self.counters.errors.get(),
            busy,
            // An instance is among the idle ones a moment before its permit is returned.
            idle: self.current().as_ref().map_or(0, |current| current.idle.len()).min(maximum - busy),
        }
    }

    fn busy(&self) -> usize {
        self.maximum_instances as usize - self.permits.available_permits()
    }

    /// Waits until the stop signal has ended all busy instances, and stops the idle ones.
    pub(super) async fn drain(&self) {
        // Fails only on a closed semaphore; this one is never closed.
        if let Ok(permits) = self.permits.acquire_many(self.maximum_instances).await {
            let idle = self.current().as_mut().map(|current| std::mem::take(&mut current.idle));
            end_all(idle.unwrap_or_default()).await;
            drop(permits);
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        // No operation on the vector can panic halfway, so a poisoned value is still valid.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn end_all(instances: impl IntoIterator<Item = Instance>) {
    for instance in instances {
        instance.end().await;
    }
}
