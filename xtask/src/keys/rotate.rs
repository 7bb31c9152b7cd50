//! `cargo xtask keys rotate`

use anyhow::Result;
use chrono::TimeDelta;
use clap::Args;
use openapi::SIGNED_URL_LIFETIME_SECONDS;
use stack::Environment;

use super::AlgorithmArgument;
use super::overlap::Overlap;
use super::plan::{Intent, Observed, Progress, Step, next_step};
use super::ring::Algorithm;
use super::rotation::{Ending, Rotation};
use super::store::KeyStore;
use crate::consent::{Consent, agree};
use crate::environment::EnvironmentArgument;
use crate::time_span::spoken;
use crate::{Outcome, aws, terminal};

/// Options of `keys rotate`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentArgument,
    /// The kind of the new key.
    #[arg(long, value_enum, default_value = "ec-p256")]
    algorithm: AlgorithmArgument,
    /// How long the old key stays trusted, such as 90m; two hours by default. In a protected environment it is at least
    /// as long as the key's URLs live.
    #[arg(long, value_name = "TIME")]
    overlap: Option<Overlap>,
    /// Stay until the old key is removed.
    #[arg(long)]
    wait: bool,
    /// Revoke all older keys as soon as the new one signs: every URL that they signed stops working.
    #[arg(long, conflicts_with = "overlap")]
    emergency: bool,
    /// Do not ask before anything is changed.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<Outcome> {
    let environment = arguments.environment.load()?;
    let connection = aws::connect(&environment).await?;
    let store = KeyStore::new(&connection.configuration, &environment);
    let intent = if arguments.emergency { Intent::Revoke } else { Intent::Rotate };
    let mut rotation = Rotation::new(&environment, &connection, &store, intent);
    rotation.overlap = arguments.overlap.unwrap_or_default();
    rotation.wait = arguments.wait;
    let observation = rotation.observe().await?;
    let observed = &observation.observed;
    let create = observed.begins(intent).then_some(Algorithm::from(arguments.algorithm));
    let first = next_step(observed, intent, Progress { create: create.is_some(), ..Progress::default() })?;
    if !matches!(first, Step::Done | Step::AwaitRetirement(_)) {
        // Before anything is begun that could not be finished.
        rotation.allow(&rotation.observed_facts(&observation).await?)?;
        terminal::say(announcement(observed, &environment, &rotation, create));
        let consent = Consent::of(arguments.yes);
        agree(consent, &format!("Rotate the signing keys of {}?", environment.name)).await?;
    }
    let ending = rotation.run(create).await?;
    let ring = store.ring().await?.ring;
    let active = ring.active().map(|entry| entry.fingerprint.to_string()).unwrap_or_default();
    match ending {
        Ending::Complete if intent == Intent::Revoke => terminal::say(format!(
            "{active} signs. Every edge refuses what older keys have signed {}.",
            within(observed.propagation)
        )),
        Ending::Complete => terminal::say(format!("{active} signs, and is the only key.")),
        Ending::Overlapping(time) => terminal::say(format!(
            "{active} signs. What it took over from stays trusted until {}; \
             after that, `cargo xtask keys retire --env {}` removes it.",
            time.format("%Y-%m-%d %H:%M:%S UTC"),
            environment.name
        )),
    }
    Ok(Outcome::Done)
}

/// What is about to happen, and what it breaks.
fn announcement(
    observed: &Observed,
    environment: &Environment,
    rotation: &Rotation<'_>,
    create: Option<Algorithm>,
) -> String {
    let active = observed.ring.active().map(|entry| entry.fingerprint.to_string()).unwrap_or_default();
    let next = observed.ring.next();
    let mut lines = vec![match create {
        Some(algorithm) => format!("A new {algorithm} key takes over from {active}, which signs now."),
        None => match next {
            Some(next) => {
                format!("{}, the next key, takes over from {active}, which signs now.", next.fingerprint)
            }
            None => format!("A rotation to {active} is under way, and is continued; no new key is made."),
        },
    }];
    let lifetime = spoken(TimeDelta::seconds(SIGNED_URL_LIFETIME_SECONDS.into()));
    if rotation.intent == Intent::Revoke {
        if let Some(next) = next {
            lines.push(format!(
                "{}, which was to sign next, is dropped: it may have leaked too.",
                next.fingerprint
            ));
        }
        lines.push(format!(
            "All older keys are revoked as soon as it signs; every edge knows it {}. Every URL and every policy that \
             they have signed stops working then, up to {lifetime} before its time: viewers that are open get 403, \
             until they ask the API for new ones. Their private halves are deleted.",
            within(observed.propagation)
        ));
    } else {
        let overlap = spoken(rotation.overlap.within(environment));
        lines.push(format!("Older keys stay trusted for {overlap} after it has begun to sign."));
        if rotation.overlap.is_short_in(environment) {
            lines.push(format!(
                "URLs are good for {lifetime}: those that live longer than that stop working."
            ));
        }
    }
    lines.join("\n")
}

/// By when every edge knows what CloudFront was told just now.
fn within(propagation: TimeDelta) -> String {
    if propagation.is_zero() { "at once".to_owned() } else { format!("within {}", spoken(propagation)) }
}
