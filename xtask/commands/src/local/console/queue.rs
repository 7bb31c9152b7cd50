//! The restore queue, its dead letters, and moving these back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use deploy::queue::{DeadLetter, DeadLetters, Queues, Rows};
use local_stack::console::{Action, Topic};
use serde_json::{Value, json};
use tokio::sync::Mutex as AsyncMutex;

use super::{Access, boxed, topic};

const INTERVAL: Duration = Duration::from_secs(1);

/// The number of dead letters when they were read, and how they were shown.
type Known = Arc<Mutex<Option<(u32, Value)>>>;

/// Returns the number of messages in both queues, and the age of the oldest one that waits for a restore.
pub(super) fn depths(access: &Arc<Access>) -> Topic {
    topic("queue", INTERVAL, access, async |access| {
        let queues = Queues::find(&access.environment, &access.deployer).await?;
        let mut restore = depth(&queues, &queues.restore).await?;
        restore["oldest_seconds"] =
            queues.age_of_oldest(&queues.restore).await?.map(|age| age.num_seconds()).into();
        Ok(json!({ "restore": restore, "dead_letters": depth(&queues, &queues.dead_letters).await? }))
    })
}

async fn depth(queues: &Queues, url: &str) -> Result<Value> {
    let depth = queues.depth(url).await?;
    Ok(json!({ "waiting": depth.waiting, "in_flight": depth.in_flight }))
}

/// Returns the dead letters with their reasons.
///
/// They are received to read them, which hides them for a moment and is counted. So they are read again only when there are
/// more or fewer of them.
pub(super) fn dead_letters(access: &Arc<Access>) -> Topic {
    let known = Known::default();
    topic("dead_letters", INTERVAL, access, move |access| read_letters(access, Arc::clone(&known)))
}

async fn read_letters(access: Arc<Access>, known: Known) -> Result<Value> {
    let queues = Queues::find(&access.environment, &access.deployer).await?;
    let depth = queues.depth(&queues.dead_letters).await?;
    let count = depth.waiting + depth.in_flight;
    if let Some((_, shown)) = lock(&known).as_ref().filter(|(same, _)| *same == count) {
        return Ok(shown.clone());
    }
    let rows = Rows(Some(&access.pool));
    let mut shown = Vec::new();
    // Without messages, receiving waits for a second.
    let letters = if count == 0 { Vec::new() } else { DeadLetters::new(&queues).peek().await? };
    for letter in &letters {
        shown.push(json!({
            "message_id": letter.message_id,
            "sent": letter.sent,
            "receives": letter.receives,
            "package": package_of(letter),
            "reason": rows.reason(letter).await,
        }));
    }
    let shown = Value::from(shown);
    *lock(&known) = Some((count, shown.clone()));
    Ok(shown)
}

fn package_of(letter: &DeadLetter) -> Option<&str> {
    letter.content.as_ref().ok().map(|message| message.package.node_id.as_str())
}

fn lock(known: &Known) -> std::sync::MutexGuard<'_, Option<(u32, Value)>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Moves the dead letters back, as `cargo xtask queue redrive` does.
pub(super) fn redrive(access: &Arc<Access>) -> Action {
    let access = Arc::clone(access);
    let running = Arc::new(AsyncMutex::new(()));
    Action {
        name: "redrive",
        run: Arc::new(move |_| {
            let (access, running) = (Arc::clone(&access), Arc::clone(&running));
            boxed(async move {
                let _only_one = running.try_lock().context("the dead letters are being moved already")?;
                let queues = Queues::find(&access.environment, &access.deployer).await?;
                let redriven = DeadLetters::new(&queues).redrive().await?;
                Ok(json!({ "moved": redriven.moved, "left": redriven.left }))
            })
        }),
    }
}
