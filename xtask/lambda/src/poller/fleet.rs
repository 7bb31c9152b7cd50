//! The pollers of all deployed event source mappings.

use aws_sdk_sqs::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Poller, PollerError};
use crate::control_plane::EventSourceMapping;
use crate::pool::FunctionPool;

/// Runs one poller for each deployed mapping.
pub(crate) struct Pollers {
    sqs: Client,
    pool: FunctionPool,
    /// Each mapping with the switch that retires its poller.
    running: Vec<(EventSourceMapping, watch::Sender<bool>)>,
    tasks: JoinSet<()>,
    shutdown: watch::Sender<bool>,
}

impl Pollers {
    pub(crate) fn new(sqs: Client, pool: FunctionPool) -> Self {
        Self { sqs, pool, running: Vec::new(), tasks: JoinSet::new(), shutdown: watch::Sender::new(false) }
    }

    /// Retires the pollers of mappings that are no longer deployed, and starts those of new ones.
    ///
    /// A retired poller may still finish its last request and batches when this returns.
    pub(crate) async fn deploy(&mut self, mappings: Vec<EventSourceMapping>) -> Result<(), PollerError> {
        self.running.retain(|(mapping, retired)| {
            let is_deployed = mappings.contains(mapping);
            if !is_deployed {
                tracing::info!(target: machine::ACTIVITY, queue = mapping.queue.name, "no longer polled");
                retired.send_replace(true);
            }
            is_deployed
        });
        while self.tasks.try_join_next().is_some() {}
        for mapping in mappings {
            if self.running.iter().any(|(running, _)| *running == mapping) {
                continue;
            }
            let poller = Poller::new(mapping.clone(), &self.sqs, self.pool.clone()).await?;
            let retired = watch::Sender::new(false);
            let mut shutdown = self.shutdown.subscribe();
            let run = poller.run(retired.subscribe(), async move {
                // A dropped sender also means shutdown.
                let _ = shutdown.wait_for(|ends| *ends).await;
            });
            self.tasks.spawn(run);
            tracing::info!(target: machine::ACTIVITY, queue = mapping.queue.name, "polled");
            self.running.push((mapping, retired));
        }
        Ok(())
    }

    /// Ends all pollers and waits for the batches in progress.
    pub(crate) async fn stop(self) {
        self.shutdown.send_replace(true);
        self.tasks.join_all().await;
    }
}
