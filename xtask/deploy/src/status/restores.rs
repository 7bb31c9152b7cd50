//! The restore queue at a glance.

use anyhow::Result;
use serde::Serialize;

use crate::connection::Connection;
use crate::deployed_stack::Outputs;
use crate::queue::Queues;

/// The messages of the restore queue and of its dead-letter queue.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Restores {
    /// Messages that can be received.
    pub waiting: u32,
    /// Messages that were received and not deleted yet.
    pub in_flight: u32,
    /// The age of the oldest message in seconds; `None` if the queue is empty, and until CloudWatch has it.
    pub oldest_seconds: Option<i64>,
    /// Messages that failed at every receive.
    pub dead_letters: u32,
}

impl Restores {
    pub(super) async fn read(connection: &Connection, outputs: &Outputs) -> Result<Self> {
        let queues = Queues::of(connection, outputs)?;
        let (restore, dead, oldest) = tokio::join!(
            queues.depth(&queues.restore),
            queues.depth(&queues.dead_letters),
            queues.age_of_oldest(&queues.restore),
        );
        let (restore, dead) = (restore?, dead?);
        let oldest = oldest.unwrap_or_else(|error| {
            // The number of messages is known without it.
            connection.operator.warn(&error);
            None
        });
        let is_empty = restore.waiting + restore.in_flight == 0;
        Ok(Self {
            waiting: restore.waiting,
            in_flight: restore.in_flight,
            oldest_seconds: oldest.filter(|_| !is_empty).map(|age| age.num_seconds()),
            // One that `queue status` has just received is in flight for a moment.
            dead_letters: dead.waiting + dead.in_flight,
        })
    }
}
