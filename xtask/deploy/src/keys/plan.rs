//! Determines the next step of a rotation from the observed state.
//!
//! A rotation does not depend on the state of a process. Before each step, it observes the ring, the parameters, the
//! deployed template, CloudFront, and the clock. A new run therefore continues where an earlier one ended, and
//! concurrent runs do the same steps.
//!
//! These rules make it safe at every point:
//!
//! - The ring is deployed before anything else is done. Every other step starts from a stack that matches the ring.
//! - A key becomes active only after CloudFront has accepted one of its signatures, and after the time in which a
//!   changed key group reaches every edge.
//! - The time at which the old key may be removed is set only after the new key is deployed. Until then, the old one
//!   signs.
//! - A key is removed only after that time, and only if CloudFront trusts the key that signs.
//! - Parameters are deleted only if neither the ring nor the stack refers to their key.
//! - An emergency rotation ends with a key that the same run created. Any earlier key may have leaked, even a next
//!   key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use stack::{EnvironmentName, Fingerprint, MAXIMUM_KEYS};

use super::ring::{KeyRing, KeyState, RingEntry};
use crate::advice::command_for;

/// The maximum time that an emergency rotation waits for the edges.
///
/// A URL that an edge rejects for some minutes does less harm than a leaked key.
pub(super) const EMERGENCY_PROPAGATION: TimeDelta = TimeDelta::minutes(2);

/// The observed state.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    /// The name of the environment, for commands in messages.
    pub(super) environment: EnvironmentName,
    /// The time according to the clock of AWS.
    pub(super) now: DateTime<Utc>,
    pub(super) ring: KeyRing,
    pub(super) ring_written_at: Option<DateTime<Utc>>,
    pub(super) parameters: BTreeMap<Fingerprint, Parameters>,
    pub(super) stack: StackState,
    /// The distribution, or `None` if none is deployed.
    pub(super) cloudfront: Option<CloudFront>,
    /// How long a changed key group may take to reach every edge.
    pub(super) propagation: TimeDelta,
}

/// Which parameters of a key exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) private: bool,
    pub(super) public: bool,
    /// When the later of the two was written.
    pub(super) written_at: Option<DateTime<Utc>>,
}

/// The state of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StackState {
    /// It is not deployed.
    Absent,
    /// It is being changed.
    Changing,
    /// It is deployed, with these keys in its template.
    Settled(DeployedKeys),
}

/// The keys of a deployed template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeployedKeys {
    pub(super) trusted: BTreeSet<Fingerprint>,
    pub(super) active: Option<Fingerprint>,
}

/// The state of the distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CloudFront {
    /// The IDs of the keys that every cache behavior trusts.
    pub(super) trusted: BTreeMap<Fingerprint, String>,
    /// Whether its last change has reached all edges.
    ///
    /// It is not documented whether this covers the key group.
    pub(super) is_deployed: bool,
    /// When its key group was last changed.
    pub(super) group_changed_at: Option<DateTime<Utc>>,
    pub(super) is_enabled: bool,
}

/// The goal of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// A new key signs, and the old one is removed after its URLs have expired.
    Rotate,
    /// A new key signs, and all older keys are removed at once.
    Revoke,
    /// Keys past their retirement time are removed.
    Retire,
}

/// The progress of a run that cannot be observed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress<'a> {
    /// Whether a new key has yet to be created, which begins a rotation.
    pub(super) create: bool,
    /// The key that this run created.
    pub(super) new_key: Option<&'a Fingerprint>,
    /// The key whose signature CloudFront has accepted.
    pub(super) accepted_key: Option<&'a Fingerprint>,
}

/// The next step. Every step can be repeated safely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait until another change of the stack has ended.
    AwaitStack,
    /// Deploy the keys of the ring, with its active key signing.
    Deploy,
    /// Wait until the deployment has reached all edges.
    AwaitDistribution,
    /// Wait until this time, when the key group has reached all edges.
    AwaitKeyGroup(DateTime<Utc>),
    /// Test whether CloudFront accepts a signature of this key.
    Probe(Fingerprint),
    /// Make the next key of the ring the active one.
    Activate,
    /// Set when the retiring keys may be removed.
    Schedule,
    /// Remove these keys from the ring.
    Remove(BTreeSet<Fingerprint>),
    /// Delete the parameters of these keys, which are no longer used.
    Delete(BTreeSet<Fingerprint>),
    /// Create a key as the next one of the ring.
    Create,
    /// Wait until this time, before which nothing can be done.
    AwaitRetirement(DateTime<Utc>),
    /// Nothing is left to do.
    Done,
}

impl Observed {
    /// Returns the keys that should be deployed according to the ring.
    fn wanted(&self) -> DeployedKeys {
        let active = self.ring.active().map(|entry| entry.fingerprint.clone());
        DeployedKeys { trusted: self.ring.fingerprints(), active }
    }

    fn ring_is_deployed(&self) -> bool {
        matches!(&self.stack, StackState::Settled(deployed) if *deployed == self.wanted())
    }

    /// Returns whether a new key has to be created.
    ///
    /// Otherwise, a rotation in progress is continued.
    pub(super) fn needs_new_key(&self, intent: Intent) -> bool {
        let settled = self.ring_is_deployed() && self.ring.next().is_none();
        match intent {
            Intent::Rotate => settled && self.ring.retiring().next().is_none(),
            // It is unknown which key has leaked, so a new one replaces all of them.
            Intent::Revoke => true,
            Intent::Retire => false,
        }
    }

    /// Returns the keys with parameters that are in neither the ring nor the stack.
    ///
    /// A key whose parameters are newer than the ring is excluded, because it may be about to be added.
    fn unused_keys(&self) -> BTreeSet<Fingerprint> {
        let unused_keys = self.parameters.iter().filter(|(fingerprint, parameters)| {
            self.ring.get(fingerprint).is_none() && parameters.written_at < self.ring_written_at
        });
        unused_keys.map(|(fingerprint, _)| fingerprint.clone()).collect()
    }

    /// Returns when the key group has reached every edge.
    ///
    /// This is counted from its last change by the clock of AWS.
    fn edges_updated_at(&self, intent: Intent) -> Option<DateTime<Utc>> {
        let changed_at = self.cloudfront.as_ref()?.group_changed_at?;
        Some(changed_at + propagation_of(self.propagation, intent))
    }

    /// Returns a command for this environment, for messages.
    pub(super) fn command(&self, command: &str) -> String {
        command_for(&self.environment, command)
    }

    fn drift_advice(&self) -> String {
        let status = self.command("keys status");
        format!("It was changed outside CloudFormation: see {status}, and undo that by hand")
    }

    fn trusts(&self, entry: &RingEntry) -> bool {
        self.cloudfront.as_ref().is_some_and(|known| known.trusted.contains_key(&entry.fingerprint))
    }
}

/// Returns the next step, or an error if no step is possible.
pub(super) fn next_step(observed: &Observed, intent: Intent, progress: Progress<'_>) -> Result<Step> {
    let ring = &observed.ring;
    match &observed.stack {
        StackState::Absent => {
            bail!(
                "the stack is not deployed yet; {} creates it and its first key",
                observed.command("deploy")
            )
        }
        StackState::Changing => return Ok(Step::AwaitStack),
        StackState::Settled(_) => {}
    }
    let Some(active) = ring.active() else {
        bail!("no key signs yet; {} generates the first one", observed.command("deploy"))
    };
    for entry in ring.entries() {
        let parameters = observed.parameters.get(&entry.fingerprint).copied().unwrap_or_default();
        if !parameters.public {
            bail!(
                "the key ring names {0}, but the parameter of its public key is missing; restore it from the \
                 resource SigningKey{0} of the deployed template, property EncodedKey",
                entry.fingerprint
            );
        }
    }
    if !observed.ring_is_deployed() {
        return Ok(Step::Deploy);
    }
    match (intent, ring.next()) {
        (Intent::Rotate, Some(next)) => return step_to_activate(observed, next, intent, progress),
        (Intent::Revoke, _) => {
            if let Some(step) = step_to_replace_all(observed, progress)? {
                return Ok(step);
            }
        }
        (Intent::Rotate | Intent::Retire, _) => {}
    }
    let shortened = |time: DateTime<Utc>| intent == Intent::Revoke && time > observed.now;
    if ring.retiring().any(|entry| entry.retire_after.is_none_or(shortened)) {
        return Ok(Step::Schedule);
    }
    let due = |entry: &&RingEntry| entry.retire_after.is_some_and(|time| time <= observed.now);
    let due: BTreeSet<_> = ring.retiring().filter(due).map(|entry| entry.fingerprint.clone()).collect();
    if !due.is_empty() {
        if !observed.trusts(active) {
            bail!(
                "CloudFront does not trust the key that signs, {}; no key is removed before it does. {}",
                active.fingerprint,
                observed.drift_advice()
            );
        }
        return Ok(Step::Remove(due));
    }
    let unused_keys = observed.unused_keys();
    if !unused_keys.is_empty() {
        return Ok(Step::Delete(unused_keys));
    }
    if progress.create && intent == Intent::Rotate {
        if ring.entries().len() >= MAXIMUM_KEYS {
            bail!(
                "there are {MAXIMUM_KEYS} keys, as many as CloudFront trusts; retire one first ({})",
                observed.command("keys retire")
            );
        }
        return Ok(Step::Create);
    }
    let waits = ring.retiring().filter_map(|entry| entry.retire_after).min();
    Ok(waits.map_or(Step::Done, Step::AwaitRetirement))
}

/// Returns how long to wait for a changed key group to reach every edge.
pub(super) fn propagation_of(propagation: TimeDelta, intent: Intent) -> TimeDelta {
    match intent {
        Intent::Revoke => propagation.min(EMERGENCY_PROPAGATION),
        Intent::Rotate | Intent::Retire => propagation,
    }
}

/// Returns the next step of an emergency rotation until a key that this run created signs.
///
/// Returns `None` after that, and if old keys must be removed first.
fn step_to_replace_all(observed: &Observed, progress: Progress<'_>) -> Result<Option<Step>> {
    let ring = &observed.ring;
    let Some(new_key) = progress.new_key else {
        // The new key replaces a next key.
        let others = ring.entries().iter().filter(|entry| entry.state != KeyState::Next);
        return Ok((others.count() < MAXIMUM_KEYS).then_some(Step::Create));
    };
    match ring.get(new_key) {
        Some(entry) if entry.state == KeyState::Next => {
            step_to_activate(observed, entry, Intent::Revoke, progress).map(Some)
        }
        Some(entry) if entry.state == KeyState::Active => Ok(None),
        _ => bail!(
            "another process has replaced {new_key}, which this run created; see {}, and unless that was an \
             emergency rotation too, run the command again",
            observed.command("keys status")
        ),
    }
}

fn step_to_activate(
    observed: &Observed,
    next: &RingEntry,
    intent: Intent,
    progress: Progress<'_>,
) -> Result<Step> {
    let fingerprint = &next.fingerprint;
    if !observed.parameters.get(fingerprint).is_some_and(|parameters| parameters.private) {
        bail!(
            "the private key of {fingerprint}, the next key, is missing; remove it with {}, and rotate again",
            observed.command(&format!("keys retire {fingerprint}"))
        );
    }
    if !observed.cloudfront.as_ref().is_some_and(|known| known.is_deployed) {
        return Ok(Step::AwaitDistribution);
    }
    if !observed.trusts(next) {
        bail!(
            "the key {fingerprint} is deployed, but CloudFront's key group does not list it; the old key \
             continues to sign. {}",
            observed.drift_advice()
        );
    }
    if let Some(time) = observed.edges_updated_at(intent).filter(|time| *time > observed.now) {
        return Ok(Step::AwaitKeyGroup(time));
    }
    if progress.accepted_key == Some(fingerprint) {
        Ok(Step::Activate)
    } else {
        Ok(Step::Probe(fingerprint.clone()))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |fingerprints: &BTreeSet<Fingerprint>| {
            let names: Vec<_> = fingerprints.iter().map(Fingerprint::as_str).collect();
            names.join(", ")
        };
        match self {
            Self::AwaitStack => formatter.write_str("wait for the stack"),
            Self::Deploy => formatter.write_str("deploy the key ring"),
            Self::AwaitDistribution => formatter.write_str("wait for the distribution"),
            Self::AwaitKeyGroup(time) => {
                let time = time.format("%Y-%m-%d %H:%M:%S UTC");
                write!(formatter, "wait until every edge has the key group, at {time}")
            }
            Self::Probe(fingerprint) => write!(formatter, "probe {fingerprint}"),
            Self::Activate => formatter.write_str("activate the next key"),
            Self::Schedule => formatter.write_str("schedule the retirement"),
            Self::Remove(fingerprints) => write!(formatter, "remove {}", list(fingerprints)),
            Self::Delete(fingerprints) => {
                write!(formatter, "delete the parameters of {}", list(fingerprints))
            }
            Self::Create => formatter.write_str("create a key"),
            Self::AwaitRetirement(time) => {
                write!(formatter, "wait for the retirement at {}", time.format("%Y-%m-%d %H:%M:%S UTC"))
            }
            Self::Done => formatter.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests;
