//! What to do next, given what is there.
//!
//! A rotation is no sequence that a process goes through, but a state that is looked at before each step: the ring, the
//! parameters, the deployed template, CloudFront and the clock. So whoever runs it again continues where the last one
//! died, and two who run it at once do the same.
//!
//! What makes it safe at every point:
//!
//! - The ring is deployed before anything else is done, so that each further step starts from a stack that agrees.
//! - A key becomes active only after CloudFront has taken a signature of it, and after the time that it may take to tell
//!   every edge of a changed key group.
//! - When the old key may go is written down only once the new one is deployed: until then, the old one goes on signing.
//! - A key is removed only when that time is over, and when CloudFront trusts the one that signs.
//! - Parameters are deleted only when neither ring nor stack names their key.
//! - An emergency ends on a key that the same run made: whatever was there before, a next key too, may have leaked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use stack::{Fingerprint, MAXIMUM_KEYS};

use super::ring::{KeyRing, KeyState, RingEntry};

/// What an emergency waits at most for the edges: a URL that an edge refuses for some minutes does less harm than a key
/// that somebody else has.
pub(super) const EMERGENCY_PROPAGATION: TimeDelta = TimeDelta::minutes(2);

/// What is there.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    /// The time by AWS's clock.
    pub(super) now: DateTime<Utc>,
    pub(super) ring: KeyRing,
    pub(super) ring_written_at: Option<DateTime<Utc>>,
    pub(super) parameters: BTreeMap<Fingerprint, Parameters>,
    pub(super) stack: StackState,
    /// None as long as no distribution is deployed.
    pub(super) cloudfront: Option<CloudFront>,
    /// How long a changed key group may take to reach every edge.
    pub(super) propagation: TimeDelta,
}

/// The parameters of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) private: bool,
    pub(super) public: bool,
    /// When the later of the two was written.
    pub(super) written_at: Option<DateTime<Utc>>,
}

/// The stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StackState {
    /// It was never deployed.
    Absent,
    /// It is being changed.
    Changing,
    /// Its template has these keys.
    Settled(DeployedKeys),
}

/// The keys of a deployed template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeployedKeys {
    pub(super) trusted: BTreeSet<Fingerprint>,
    pub(super) active: Option<Fingerprint>,
}

/// The distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CloudFront {
    /// The ids of the keys that every behaviour trusts.
    pub(super) trusted: BTreeMap<Fingerprint, String>,
    /// Whether its last change has reached all edges. Nothing documents that this covers the key group.
    pub(super) is_deployed: bool,
    /// When the key group that it trusts was last changed.
    pub(super) group_changed_at: Option<DateTime<Utc>>,
    pub(super) is_enabled: bool,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// Another key signs, and the old one goes when its URLs have expired.
    Rotate,
    /// Another key signs, and all older ones go at once.
    Revoke,
    /// Keys whose time is over go.
    Retire,
}

/// What a run knows that nobody can see.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress<'a> {
    /// Whether a new key is still to be made, so that a rotation begins.
    pub(super) create: bool,
    /// The key that this run made.
    pub(super) made: Option<&'a Fingerprint>,
    /// The key whose signature CloudFront has taken.
    pub(super) proven: Option<&'a Fingerprint>,
}

/// The next thing to do. Each can be done again without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait until whoever changes the stack is done.
    AwaitStack,
    /// Have the stack trust the keys of the ring, and sign with its active one.
    Deploy,
    /// Wait until all edges know what was deployed.
    AwaitDistribution,
    /// Wait until all edges know the key group, which is at this time.
    AwaitKeyGroup(DateTime<Utc>),
    /// Try whether CloudFront takes a signature of this key.
    Probe(Fingerprint),
    /// Let the next key of the ring be the active one.
    Activate,
    /// Write down when the retiring keys may go.
    Schedule,
    /// Take these keys out of the ring.
    Remove(BTreeSet<Fingerprint>),
    /// Delete the parameters of these keys, which nothing names any more.
    Delete(BTreeSet<Fingerprint>),
    /// Make a new key, as the next one of the ring.
    Create,
    /// Nothing can be done before this time.
    AwaitRetirement(DateTime<Utc>),
    /// All is as it should be.
    Done,
}

impl Observed {
    /// The keys that the ring wants deployed.
    fn wanted(&self) -> DeployedKeys {
        let active = self.ring.active().map(|entry| entry.fingerprint.clone());
        DeployedKeys { trusted: self.ring.fingerprints(), active }
    }

    fn ring_is_deployed(&self) -> bool {
        matches!(&self.stack, StackState::Settled(deployed) if *deployed == self.wanted())
    }

    /// Whether a new key is to be made, or else a rotation is under way that is to be continued.
    pub(super) fn begins(&self, intent: Intent) -> bool {
        let settled = self.ring_is_deployed() && self.ring.next().is_none();
        match intent {
            Intent::Rotate => settled && self.ring.retiring().next().is_none(),
            // Which key has leaked, nobody can tell: so another takes the place of all that there are.
            Intent::Revoke => true,
            Intent::Retire => false,
        }
    }

    /// Keys that have parameters, and are in neither ring nor stack. One that was written after the ring may be about
    /// to come into it.
    fn forgotten(&self) -> BTreeSet<Fingerprint> {
        let forgotten = self.parameters.iter().filter(|(fingerprint, parameters)| {
            self.ring.get(fingerprint).is_none() && parameters.written_at < self.ring_written_at
        });
        forgotten.map(|(fingerprint, _)| fingerprint.clone()).collect()
    }

    /// When every edge knows the key group, counted from its last change by AWS's clock.
    fn edges_know_at(&self, intent: Intent) -> Option<DateTime<Utc>> {
        let changed_at = self.cloudfront.as_ref()?.group_changed_at?;
        Some(changed_at + propagation_of(self.propagation, intent))
    }

    fn trusts(&self, entry: &RingEntry) -> bool {
        self.cloudfront.as_ref().is_some_and(|known| known.trusted.contains_key(&entry.fingerprint))
    }
}

/// The next step, or why there is none.
pub(super) fn next_step(observed: &Observed, intent: Intent, progress: Progress<'_>) -> Result<Step> {
    let ring = &observed.ring;
    match &observed.stack {
        StackState::Absent => {
            bail!("the stack is not deployed yet; `cargo xtask deploy` creates it and its first key")
        }
        StackState::Changing => return Ok(Step::AwaitStack),
        StackState::Settled(_) => {}
    }
    let Some(active) = ring.active() else {
        bail!("no key signs yet; `cargo xtask deploy` generates the first one")
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
    let hurried = |time: DateTime<Utc>| intent == Intent::Revoke && time > observed.now;
    if ring.retiring().any(|entry| entry.retire_after.is_none_or(hurried)) {
        return Ok(Step::Schedule);
    }
    let due = |entry: &&RingEntry| entry.retire_after.is_some_and(|time| time <= observed.now);
    let due: BTreeSet<_> = ring.retiring().filter(due).map(|entry| entry.fingerprint.clone()).collect();
    if !due.is_empty() {
        if !observed.trusts(active) {
            bail!(
                "CloudFront does not trust the key that signs, {}; no key is removed before it does. {}",
                active.fingerprint,
                DRIFTED
            );
        }
        return Ok(Step::Remove(due));
    }
    let forgotten = observed.forgotten();
    if !forgotten.is_empty() {
        return Ok(Step::Delete(forgotten));
    }
    if progress.create && intent == Intent::Rotate {
        if ring.entries().len() >= MAXIMUM_KEYS {
            bail!(
                "there are {MAXIMUM_KEYS} keys, as many as CloudFront trusts; retire one first (`cargo xtask keys retire`)"
            );
        }
        return Ok(Step::Create);
    }
    let waits = ring.retiring().filter_map(|entry| entry.retire_after).min();
    Ok(waits.map_or(Step::Done, Step::AwaitRetirement))
}

/// How long a changed key group is taken to need to every edge.
pub(super) fn propagation_of(propagation: TimeDelta, intent: Intent) -> TimeDelta {
    match intent {
        Intent::Revoke => propagation.min(EMERGENCY_PROPAGATION),
        Intent::Rotate | Intent::Retire => propagation,
    }
}

const DRIFTED: &str =
    "It was changed outside CloudFormation: see `cargo xtask keys status`, and undo that by hand";

/// What an emergency has to do until a key that this run made signs; nothing once it does, or where old keys have to
/// make room first.
fn step_to_replace_all(observed: &Observed, progress: Progress<'_>) -> Result<Option<Step>> {
    let ring = &observed.ring;
    let Some(made) = progress.made else {
        // It takes the place of a next key.
        let others = ring.entries().iter().filter(|entry| entry.state != KeyState::Next);
        return Ok((others.count() < MAXIMUM_KEYS).then_some(Step::Create));
    };
    match ring.get(made) {
        Some(entry) if entry.state == KeyState::Next => {
            step_to_activate(observed, entry, Intent::Revoke, progress).map(Some)
        }
        Some(entry) if entry.state == KeyState::Active => Ok(None),
        _ => bail!(
            "another process has replaced {made}, which this run made; see `cargo xtask keys status`, and \
             unless that was an emergency rotation too, run the command again"
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
            "the private key of {fingerprint}, the next key, is missing; remove it with `cargo xtask keys \
             retire {fingerprint}`, and rotate again"
        );
    }
    if !observed.cloudfront.as_ref().is_some_and(|known| known.is_deployed) {
        return Ok(Step::AwaitDistribution);
    }
    if !observed.trusts(next) {
        bail!(
            "the key {fingerprint} is deployed, but CloudFront's key group does not list it; the old key \
             continues to sign. {DRIFTED}"
        );
    }
    if let Some(time) = observed.edges_know_at(intent).filter(|time| *time > observed.now) {
        return Ok(Step::AwaitKeyGroup(time));
    }
    if progress.proven == Some(fingerprint) {
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
