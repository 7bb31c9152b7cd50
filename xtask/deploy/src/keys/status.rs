//! The status of an environment's keys.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use stack::{Environment, Fingerprint};

use super::observe::observe;
use super::plan::{Intent, Observed, Progress, StackState, Step, next_step};
use super::ring::{Algorithm, KeyState};
use super::store::KeyStore;
use crate::connection::Connection;
use crate::time_span::format_span;

/// The status of an environment's keys.
#[derive(Debug, Serialize)]
pub struct Status {
    /// The name of the environment.
    pub environment: String,
    /// The keys in the ring.
    pub keys: Vec<KeyStatus>,
    /// The phase of the rotation.
    pub phase: RotationPhase,
    /// What `rotate` or `retire` would do next, or why they cannot.
    ///
    /// `None` if there is nothing to do.
    pub next: Option<String>,
    /// When that can be done, if not now.
    pub next_at: Option<DateTime<Utc>>,
    /// When the next rotation is due.
    pub rotation_due: Option<DateTime<Utc>>,
    /// The problems, with how to fix them.
    pub problems: Vec<String>,
    /// The time of the observation, according to the clock of AWS.
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// The status of one key.
#[derive(Debug, Serialize)]
pub struct KeyStatus {
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its state in the ring.
    pub state: KeyState,
    /// When the key was created.
    pub created_at: DateTime<Utc>,
    /// Its age in seconds.
    pub age_seconds: i64,
    /// Whether the deployed function signs with it.
    pub signs: bool,
    /// Whether CloudFront trusts it.
    pub trusted: bool,
    /// When the key may be removed.
    pub retire_after: Option<DateTime<Utc>>,
}

/// The phase of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationPhase {
    /// No rotation is in progress.
    Settled,
    /// The next key exists, but does not sign yet.
    Introducing,
    /// The next key is active in the ring, but not deployed as such yet.
    Switching,
    /// The new key signs, and the old one is still trusted.
    Overlapping,
    /// The old key may be removed.
    Retiring,
}

impl Status {
    /// Reads the status of an environment's keys.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Self> {
        let store = KeyStore::new(connection, environment);
        let observed = observe(environment, connection, &store).await?.observed;
        Ok(Self::from_observed(environment, &observed))
    }

    fn from_observed(environment: &Environment, observed: &Observed) -> Self {
        let rotation_period = TimeDelta::days(environment.signing_key_rotation_days.get().into());
        let (deployed, trusted) = (deployed(observed), trusted(observed));
        let keys = observed.ring.entries().iter().map(|entry| KeyStatus {
            fingerprint: entry.fingerprint.clone(),
            algorithm: entry.algorithm,
            state: entry.state,
            created_at: entry.created_at,
            age_seconds: (observed.now - entry.created_at).num_seconds(),
            signs: deployed.is_some_and(|keys| keys.active.as_ref() == Some(&entry.fingerprint)),
            trusted: trusted.contains(&&entry.fingerprint),
            retire_after: entry.retire_after,
        });
        let mut problems = problems(observed, rotation_period);
        let (next, next_at) = match next_step(observed, Intent::Rotate, Progress::default()) {
            Ok(Step::Done) => (None, None),
            Ok(Step::AwaitRetirement(time)) => (Some("retire".to_owned()), Some(time)),
            Ok(Step::AwaitKeyGroup(time)) => {
                (Some("activate the next key, once every edge has the key group".to_owned()), Some(time))
            }
            Ok(step) => (Some(step.to_string()), None),
            Err(obstacle) => {
                if deployed.is_some_and(|keys| keys.active.is_some()) {
                    problems.push(obstacle.to_string());
                }
                (Some(obstacle.to_string()), None)
            }
        };
        Self {
            environment: environment.name.to_string(),
            keys: keys.collect(),
            phase: RotationPhase::from_observed(observed),
            next,
            next_at,
            rotation_due: observed.ring.active().map(|entry| entry.created_at + rotation_period),
            problems,
            now: observed.now,
        }
    }
}

impl RotationPhase {
    fn from_observed(observed: &Observed) -> Self {
        let ring = &observed.ring;
        let is_future = |time: Option<DateTime<Utc>>| time.is_some_and(|time| time > observed.now);
        if ring.next().is_some() {
            Self::Introducing
        } else if ring.retiring().any(|entry| entry.retire_after.is_none()) {
            Self::Switching
        } else if ring.retiring().any(|entry| is_future(entry.retire_after)) {
            Self::Overlapping
        } else if ring.retiring().next().is_some() {
            Self::Retiring
        } else {
            Self::Settled
        }
    }
}

fn deployed(observed: &Observed) -> Option<&super::plan::DeployedKeys> {
    match &observed.stack {
        StackState::Settled(keys) => Some(keys),
        StackState::Absent | StackState::Changing => None,
    }
}

fn trusted(observed: &Observed) -> Vec<&Fingerprint> {
    observed.cloudfront.iter().flat_map(|known| known.trusted.keys()).collect()
}

/// Returns the problems, with how to fix them.
fn problems(observed: &Observed, rotation_period: TimeDelta) -> Vec<String> {
    let mut problems = Vec::new();
    let ring = &observed.ring;
    if let Some(active) = ring.active()
        && observed.now - active.created_at > rotation_period
    {
        problems.push(format!(
            "{} is older than {}; rotate it: {}",
            active.fingerprint,
            format_span(rotation_period),
            observed.command("keys rotate")
        ));
    }
    for entry in ring.entries() {
        let parameters = observed.parameters.get(&entry.fingerprint).copied().unwrap_or_default();
        for (is_there, half) in [(parameters.private, "private"), (parameters.public, "public")] {
            // The private key of a retiring key is no longer used.
            if !is_there && (half == "public" || entry.state != KeyState::Retiring) {
                problems.push(format!(
                    "the key ring names {}, which is {}, but the parameter of its {half} key is missing",
                    entry.fingerprint, entry.state
                ));
            }
        }
    }
    let Some(deployed) = deployed(observed) else { return problems };
    let continuation =
        format!("{} or {} continues from there", observed.command("keys rotate"), observed.command("deploy"));
    for entry in ring.entries().iter().filter(|entry| !deployed.trusted.contains(&entry.fingerprint)) {
        problems
            .push(format!("the key ring has {}, but the stack does not; {continuation}", entry.fingerprint));
    }
    for fingerprint in deployed.trusted.iter().filter(|fingerprint| ring.get(fingerprint).is_none()) {
        problems.push(format!("the stack has {fingerprint}, but the key ring does not; {continuation}"));
    }
    let active = ring.active().map(|entry| &entry.fingerprint);
    if deployed.active.as_ref() != active {
        let name = |key: Option<&Fingerprint>| key.map_or("none", Fingerprint::as_str).to_owned();
        problems.push(format!(
            "the active key of the key ring is {}, but the stack signs with {}; {continuation}",
            name(active),
            name(deployed.active.as_ref())
        ));
    }
    let trusted = trusted(observed);
    let by_hand = "CloudFront was changed outside CloudFormation; undo that by hand";
    for fingerprint in deployed.trusted.iter().filter(|fingerprint| !trusted.contains(fingerprint)) {
        problems.push(format!("the stack has {fingerprint}, but CloudFront does not trust it; {by_hand}"));
    }
    for fingerprint in trusted.iter().filter(|fingerprint| !deployed.trusted.contains(fingerprint)) {
        problems.push(format!("CloudFront trusts {fingerprint}, which the stack does not have; {by_hand}"));
    }
    if deployed.active.is_some() && observed.cloudfront.as_ref().is_some_and(|known| !known.is_enabled) {
        problems.push(format!("the distribution is disabled; {by_hand}"));
    }
    problems
}

#[cfg(test)]
mod tests;
