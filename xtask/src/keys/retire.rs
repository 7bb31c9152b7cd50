//! `cargo xtask keys retire`

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use stack::{Environment, Fingerprint};

use super::plan::{Intent, Progress, StackState, Step, next_step};
use super::ring::KeyState;
use super::rotation::{Ending, Rotation};
use super::store::KeyStore;
use crate::consent::{Consent, agree};
use crate::environment::EnvironmentArgument;
use crate::{Outcome, aws, terminal};

/// Options of `keys retire`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The fingerprint of one key: a next key is dropped, though its time has not come. Without it, all keys go whose
    /// time is over.
    key: Option<Fingerprint>,
    /// Do not ask before anything is changed.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let store = KeyStore::new(&connection.configuration, &environment);
    let consent = Consent::of(arguments.yes);
    let rotation = Rotation::new(&environment, &connection, &store, Intent::Retire);
    let observation = rotation.observe().await?;
    let ring = &observation.ring.ring;
    if let Some(key) = &arguments.key {
        let entry = ring.get(key).with_context(|| format!("there is no key {key} in the key ring"))?;
        match (entry.state, entry.retire_after) {
            (KeyState::Active, _) => bail!(
                "{key} is the key that signs; `cargo xtask keys rotate --env {}` has another take over",
                environment.name
            ),
            (KeyState::Retiring, Some(time)) if time > observation.observed.now => {
                bail!(too_early(&environment, time));
            }
            (KeyState::Retiring, _) => {}
            (KeyState::Next, _) => {
                if let StackState::Settled(deployed) = &observation.observed.stack
                    && deployed.active.as_ref() == Some(key)
                {
                    bail!("{key} is the next key of the ring, but signs already; deploy first");
                }
                terminal::say(format!("The key {key} is dropped before it has signed anything."));
                agree(consent, &format!("Drop the key {key}?")).await?;
                store.replace_ring(&observation.ring, &ring.without(&[key.clone()].into())).await?;
                rotation.run(None).await?;
                return Ok(Outcome::Done);
            }
        }
    }
    match next_step(&observation.observed, Intent::Retire, Progress::default())? {
        Step::Done => terminal::say("There is no key to retire."),
        Step::AwaitRetirement(time) => bail!(too_early(&environment, time)),
        first => {
            terminal::say(format!("To be done first: {first}. Then all that follows from it."));
            agree(consent, &format!("Retire old signing keys of {}?", environment.name)).await?;
            if let Ending::Overlapping(time) = rotation.run(None).await? {
                terminal::say(too_early(&environment, time));
            }
        }
    }
    Ok(Outcome::Done)
}

fn too_early(environment: &Environment, time: DateTime<Utc>) -> String {
    format!(
        "an old key stays trusted until {}, since URLs that it signed may still be in use; \
         run `cargo xtask keys retire --env {}` after that",
        time.format("%Y-%m-%d %H:%M:%S UTC"),
        environment.name
    )
}
