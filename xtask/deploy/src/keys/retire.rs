//! Removes keys that are no longer needed.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use stack::{Environment, Fingerprint};

use super::plan::{Intent, Progress, StackState, Step, next_step};
use super::ring::KeyState;
use super::rotation::{Rotation, RotationResult};
use super::store::KeyStore;
use crate::advice::command_for;
use crate::connection::Connection;
use crate::consent::Consent;

/// The result of retiring keys.
pub enum Retired {
    /// No key could be retired.
    Nothing,
    /// All keys to retire were removed.
    Done,
    /// A key is kept for now. The text says until when and why.
    Until(String),
}

/// Removes keys past their retirement time, or the next key if `key` names it.
pub async fn retire(
    environment: &Environment,
    connection: &Connection,
    key: Option<&Fingerprint>,
    consent: Consent,
) -> Result<Retired> {
    let store = KeyStore::new(connection, environment);
    let rotation = Rotation::new(environment, connection, &store, Intent::Retire);
    let observation = rotation.observe().await?;
    let ring = &observation.ring.ring;
    if let Some(key) = key {
        let entry = ring.get(key).with_context(|| format!("there is no key {key} in the key ring"))?;
        match (entry.state, entry.retire_after) {
            (KeyState::Active, _) => bail!(
                "{key} is the key that signs; to replace it, run {}",
                command_for(&environment.name, "keys rotate")
            ),
            (KeyState::Retiring, Some(time)) if time > observation.observed.now => {
                bail!(too_early(environment, time));
            }
            (KeyState::Retiring, _) => {}
            (KeyState::Next, _) => {
                if let StackState::Settled(deployed) = &observation.observed.stack
                    && deployed.active.as_ref() == Some(key)
                {
                    bail!("{key} is the next key of the ring, but already signs; deploy first");
                }
                let announcement = format!("The key {key} is removed before it has signed anything.");
                rotation
                    .require_confirmation(consent, &announcement, &format!("Remove the key {key}?"))
                    .await?;
                store.replace_ring(&observation.ring, &ring.without(&[key.clone()].into())).await?;
                rotation.run(None).await?;
                return Ok(Retired::Done);
            }
        }
    }
    match next_step(&observation.observed, Intent::Retire, Progress::default())? {
        Step::Done => Ok(Retired::Nothing),
        Step::AwaitRetirement(time) => bail!(too_early(environment, time)),
        first => {
            let announcement = format!("First step: {first}. Further steps follow from it.");
            let question = format!("Retire old signing keys of {}?", environment.name);
            rotation.require_confirmation(consent, &announcement, &question).await?;
            Ok(match rotation.run(None).await? {
                RotationResult::Overlapping(time) => Retired::Until(too_early(environment, time)),
                RotationResult::Complete => Retired::Done,
            })
        }
    }
}

fn too_early(environment: &Environment, time: DateTime<Utc>) -> String {
    format!(
        "an old key stays trusted until {}, since URLs that it signed may still be in use; \
         run {} after that",
        time.format("%Y-%m-%d %H:%M:%S UTC"),
        command_for(&environment.name, "keys retire")
    )
}
