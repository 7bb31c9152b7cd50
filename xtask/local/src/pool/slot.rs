//! One function of the pool and its instances.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use super::instance::{Instance, Launch, Run};
use super::statistics::{Counters, FunctionStatistics};
use super::{
    BootstrapError, DeployedFunction, InvocationOutcome, InvokeError, PoolSettings, bootstrap, environment,
};

/// Lambda gives the initialization ten seconds:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>.
const INITIALIZATION_LIMIT: Duration = Duration::from_secs(10);

/// A function, ready to run.
pub(super) struct Slot {
    function: DeployedFunction,
    launch: Launch,
    /// One permit for every instance that may be at work; instances exist only at work or idle.
    permits: Arc<Semaphore>,
    maximum_instances: u32,
    idle: Mutex<Vec<Instance>>,
    counters: Counters,
    stop: watch::Receiver<bool>,
}

impl Slot {
    pub(super) async fn new(
        function: DeployedFunction,
        settings: &PoolSettings,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, BootstrapError> {
        let bootstrap = bootstrap::unpack(&function, &settings.code_directory).await?;
        let log_directory = &settings.log_directory;
        tokio::fs::create_dir_all(log_directory)
            .await
            .map_err(|source| BootstrapError::Write { path: log_directory.clone(), source })?;
        let launch = Launch {
            environment: environment::of(&function, &bootstrap, &settings.environment),
            bootstrap,
            log_file: log_directory.join(format!("{}.log", function.arn.name)),
            on_spawn: Arc::clone(&settings.on_spawn),
        };
        let maximum_instances = u32::try_from(settings.maximum_instances.max(1)).unwrap_or(u32::MAX);
        Ok(Self {
            function,
            launch,
            permits: Arc::new(Semaphore::new(maximum_instances as usize)),
            maximum_instances,
            idle: Mutex::default(),
            counters: Counters::default(),
            stop,
        })
    }

    /// Waits for a free instance and invokes the function.
    pub(super) async fn invoke(self: &Arc<Self>, event: Bytes) -> Result<InvocationOutcome, InvokeError> {
        let mut stop = self.stop.clone();
        let permit = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => return Err(InvokeError::Stopped),
            permit = Arc::clone(&self.permits).acquire_owned() => permit.map_err(|_| InvokeError::Stopped)?,
        };
        // A task of its own: the invocation goes on when its caller has gone, and the instance is not left halfway.
        let slot = Arc::clone(self);
        let invocation = tokio::spawn(async move { slot.run(event, permit, stop).await });
        invocation.await.unwrap_or(Err(InvokeError::Stopped))
    }

    async fn run(
        &self,
        event: Bytes,
        permit: OwnedSemaphorePermit,
        mut stop: watch::Receiver<bool>,
    ) -> Result<InvocationOutcome, InvokeError> {
        let mut instance = None;
        let outcome = tokio::select! {
            biased;
            _ = stop.wait_for(|stopped| *stopped) => Err(InvokeError::Stopped),
            outcome = self.run_on(&mut instance, event) => outcome,
        };
        match instance {
            Some(instance) if outcome.is_ok() => self.idle().push(instance),
            Some(instance) => instance.end().await,
            None => {}
        }
        // Only now may another invocation use, or start, an instance.
        drop(permit);
        outcome
    }

    /// Runs the event on an idle instance or a new one, and leaves the instance in `place` if it can be reused.
    async fn run_on(
        &self,
        place: &mut Option<Instance>,
        event: Bytes,
    ) -> Result<InvocationOutcome, InvokeError> {
        let request_id = Uuid::new_v4();
        self.counters.invocations.increment();
        let outcome = loop {
            *place = self.take_idle().await;
            let is_reused = place.is_some();
            let instance = match place {
                Some(instance) => instance,
                None => place.insert(self.start_instance().await?),
            };
            if !is_reused && let Some(failure) = instance.initialize(request_id, INITIALIZATION_LIMIT).await {
                break failure;
            }
            let arn = self.function.arn.to_string();
            match instance.run(request_id, arn, event.clone(), self.function.timeout).await {
                Run::Done(outcome) => {
                    self.count(&outcome);
                    return Ok(outcome);
                }
                Run::Failed(outcome) => break outcome,
                // It died while idle: that is nobody's failure.
                Run::NotTaken(_) if is_reused => {}
                Run::NotTaken(failure) => break failure.outcome(request_id),
            }
        };
        if let Some(instance) = place.take() {
            instance.end().await;
        }
        self.count(&outcome);
        Ok(outcome)
    }

    async fn start_instance(&self) -> Result<Instance, InvokeError> {
        self.counters.cold_starts.increment();
        Instance::start(&self.launch)
            .await
            .map_err(|source| InvokeError::Start { name: self.function.arn.name.clone(), source })
    }

    /// The idle instance that worked last, if one is still alive; the dead are cleared away.
    async fn take_idle(&self) -> Option<Instance> {
        loop {
            let mut instance = self.idle().pop()?;
            if instance.is_alive() {
                return Some(instance);
            }
            instance.end().await;
        }
    }

    fn count(&self, outcome: &InvocationOutcome) {
        if let InvocationOutcome::FunctionError(payload) = outcome {
            self.counters.errors.increment();
            let error: String = String::from_utf8_lossy(payload).chars().take(500).collect();
            tracing::warn!(function = %self.function.arn.name, %error, "function error");
        }
    }

    pub(super) fn statistics(&self) -> FunctionStatistics {
        FunctionStatistics {
            invocations: self.counters.invocations.get(),
            cold_starts: self.counters.cold_starts.get(),
            errors: self.counters.errors.get(),
            busy: self.maximum_instances as usize - self.permits.available_permits(),
            idle: self.idle().len(),
        }
    }

    /// Waits until no instance is at work, which the stop signal brings about, and ends the idle ones.
    pub(super) async fn drain(&self) {
        // Fails only on a closed semaphore, and this one is never closed.
        if let Ok(permits) = self.permits.acquire_many(self.maximum_instances).await {
            let idle = std::mem::take(&mut *self.idle());
            for instance in idle {
                instance.end().await;
            }
            drop(permits);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        // A vector is whole again after any panic that its own operations can have.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
