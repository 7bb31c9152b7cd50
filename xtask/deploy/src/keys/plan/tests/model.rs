//! A model of AWS, and of a run in steps that a crash can separate.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};
use stack::Fingerprint;

use crate::keys::plan::{
    CloudFront, DeployedKeys, Intent, Observed, Parameters, Progress, StackState, Step, next_step,
    propagation_of,
};
use crate::keys::ring::{Algorithm, KeyRing, KeyState, RingEntry};

/// The lifetime of a URL, which is also the shortest safe overlap.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// How long a key group may take to reach the edges.
const PROPAGATION: TimeDelta = TimeDelta::minutes(10);

#[derive(Debug)]
pub(super) struct World {
    pub(super) now: DateTime<Utc>,
    pub(super) ring: KeyRing,
    pub(super) parameters: BTreeMap<Fingerprint, Parameters>,
    pub(super) is_deployed: bool,
    /// The key that the deployed function signs with.
    pub(super) signs: Fingerprint,
    /// The keys that CloudFront is configured to trust.
    ///
    /// The edge that a probe reaches trusts them at once.
    pub(super) group: BTreeSet<Fingerprint>,
    pub(super) group_changed_at: DateTime<Utc>,
    /// The keys that all edges trust.
    ///
    /// An added key arrives late, even if the distribution is reported as deployed. A removed key disappears at once.
    pub(super) edges: BTreeSet<Fingerprint>,
    /// Whether older keys and their URLs may be revoked.
    pub(super) revokes: bool,
    /// Whether the next update of the stack changes the function before the key group.
    ///
    /// CloudFormation guarantees no order between them.
    pub(super) function_is_first: bool,
    ring_version: u32,
    ring_written_at: DateTime<Utc>,
    template: DeployedKeys,
    update: Option<Update>,
    /// When the last URL of each key expires.
    urls: BTreeMap<Fingerprint, DateTime<Utc>>,
    keys: u32,
}

/// An update of the stack in progress.
#[derive(Debug)]
struct Update {
    target: DeployedKeys,
    group_is_done: bool,
    function_is_done: bool,
    function_is_first: bool,
}

impl World {
    /// Creates a world with one key that signs, is deployed, and is trusted.
    pub(super) fn new() -> Self {
        let now = "2026-11-24T00:00:00Z".parse().unwrap();
        let first = fingerprint(1);
        let entry = RingEntry::new(first.clone(), Algorithm::EcP256, now, KeyState::Active);
        let parameters = Parameters { private: true, public: true, written_at: Some(now) };
        let trusted = BTreeSet::from([first.clone()]);
        Self {
            now,
            ring: KeyRing::new(vec![entry]).unwrap(),
            parameters: [(first.clone(), parameters)].into(),
            is_deployed: true,
            signs: first.clone(),
            group: trusted.clone(),
            group_changed_at: now - PROPAGATION,
            edges: trusted.clone(),
            revokes: false,
            function_is_first: false,
            ring_version: 1,
            ring_written_at: now,
            template: DeployedKeys { trusted, active: Some(first) },
            update: None,
            urls: BTreeMap::new(),
            keys: 1,
        }
    }

    pub(super) fn observe(&self) -> Observed {
        let stack = match (&self.update, self.is_deployed) {
            (_, false) => StackState::Absent,
            (Some(_), _) => StackState::Changing,
            (None, _) => StackState::Settled(self.template.clone()),
        };
        let trusted = self.group.iter().map(|key| (key.clone(), format!("K{key}"))).collect();
        Observed {
            environment: "dev".parse().unwrap(),
            now: self.now,
            ring: self.ring.clone(),
            ring_written_at: Some(self.ring_written_at),
            parameters: self.parameters.clone(),
            stack,
            cloudfront: Some(CloudFront {
                trusted,
                is_deployed: true,
                is_enabled: true,
                group_changed_at: Some(self.group_changed_at),
            }),
            propagation: PROPAGATION,
        }
    }

    /// Advances the time, and signs a URL.
    pub(super) fn pass(&mut self, time: TimeDelta) {
        // No two events happen at the same time.
        self.now += time + TimeDelta::milliseconds(1);
        let intent = if self.revokes { Intent::Revoke } else { Intent::Rotate };
        if self.group_changed_at + propagation_of(PROPAGATION, intent) <= self.now {
            self.reach_edges();
        }
        self.urls.insert(self.signs.clone(), self.now + LIFETIME);
    }

    /// Checks the invariants.
    pub(super) fn check(&self) {
        assert!(self.edges.contains(&self.signs), "the key that signs is not trusted: {self:?}");
        for (key, expires) in &self.urls {
            let is_good = self.revokes || *expires <= self.now || self.edges.contains(key);
            assert!(is_good, "URLs of {key} are refused until {expires}: {self:?}");
        }
        for entry in self.ring.entries().iter().filter(|entry| entry.state != KeyState::Retiring) {
            assert!(self.parameters.contains_key(&entry.fingerprint), "a key is lost: {self:?}");
        }
    }

    /// Makes one of CloudFormation's pending changes.
    pub(super) fn cloudformation(&mut self) {
        let Some(update) = &mut self.update else { return };
        let function_is_next = !update.function_is_done && (update.function_is_first || update.group_is_done);
        if function_is_next {
            self.signs = update.target.active.clone().unwrap();
            update.function_is_done = true;
        } else if !update.group_is_done {
            if self.group != update.target.trusted {
                self.group_changed_at = self.now;
            }
            self.group = update.target.trusted.clone();
            self.edges.retain(|key| self.group.contains(key));
            update.group_is_done = true;
        } else if let Some(update) = self.update.take() {
            self.template = update.target;
        }
    }

    /// Distributes the configuration of CloudFront to all edges.
    pub(super) fn reach_edges(&mut self) {
        self.edges = self.group.clone();
    }

    /// Deploys the ring from another process.
    pub(super) fn deploy_ring(&mut self) {
        if self.update.is_none() {
            let active = self.ring.active().map(|entry| entry.fingerprint.clone());
            self.update = Some(Update {
                target: DeployedKeys { trusted: self.ring.fingerprints(), active },
                group_is_done: false,
                function_is_done: false,
                function_is_first: self.function_is_first,
            });
        }
    }

    /// Adds a key that no longer signs and may not be removed yet.
    pub(super) fn add_retiring_key(&mut self) {
        let key = self.new_key();
        let mut entry = RingEntry::new(key, Algorithm::EcP256, self.now, KeyState::Retiring);
        entry.retire_after = Some(self.now + LIFETIME);
        self.ring = self.ring.with(entry).unwrap();
    }

    fn new_key(&mut self) -> Fingerprint {
        self.keys += 1;
        let key = fingerprint(self.keys);
        let written_at = Some(self.now);
        self.parameters.insert(key.clone(), Parameters { private: true, public: true, written_at });
        key
    }

    fn replace_ring(&mut self, version: u32, ring: KeyRing) -> ControlFlow<()> {
        if version != self.ring_version {
            return ControlFlow::Break(());
        }
        self.ring = ring;
        self.ring_version += 1;
        self.ring_written_at = self.now;
        ControlFlow::Continue(())
    }
}

fn fingerprint(number: u32) -> Fingerprint {
    format!("{number:012x}").parse().unwrap()
}

/// A run of `rotate --wait` or `retire`.
#[derive(Debug)]
pub(super) struct Run {
    /// The steps that it has done, without repetitions.
    pub(super) steps: Vec<Step>,
    intent: Intent,
    create: Option<bool>,
    pub(super) new_key: Option<Fingerprint>,
    accepted_key: Option<Fingerprint>,
    /// How many keys there were when it began.
    older: Option<u32>,
    read: Option<(KeyRing, u32)>,
    operations: VecDeque<Operation>,
}

/// An operation that a crash cannot interrupt.
#[derive(Debug)]
enum Operation {
    PutParameters,
    AddToRing(Fingerprint),
    Deploy,
    Probe(Fingerprint),
    ReplaceRing(KeyRing),
    DeleteParameters(BTreeSet<Fingerprint>),
}

impl Run {
    pub(super) fn new(intent: Intent) -> Self {
        Self {
            steps: Vec::new(),
            intent,
            create: None,
            new_key: None,
            accepted_key: None,
            older: None,
            read: None,
            operations: VecDeque::new(),
        }
    }

    /// Observes and plans, or does one planned operation. Returns `Break` when the run ends.
    pub(super) fn tick(&mut self, world: &mut World) -> ControlFlow<()> {
        if let Some(operation) = self.operations.pop_front() {
            return self.operate(world, operation);
        }
        let observed = world.observe();
        if observed.stack == StackState::Changing {
            return ControlFlow::Continue(());
        }
        let create = *self.create.get_or_insert_with(|| observed.needs_new_key(self.intent));
        let older = *self.older.get_or_insert(world.keys);
        let progress =
            Progress { create, new_key: self.new_key.as_ref(), accepted_key: self.accepted_key.as_ref() };
        let Ok(step) = next_step(&observed, self.intent, progress) else { return ControlFlow::Break(()) };
        self.read = Some((observed.ring.clone(), world.ring_version));
        self.plan(&observed, &step);
        let ends = step == Step::Done;
        if ends && self.intent == Intent::Revoke {
            let is_new = |key: &Fingerprint| (1..=older).all(|number| *key != fingerprint(number));
            assert!(world.ring.fingerprints().iter().all(is_new), "an older key is left: {world:?}");
            assert!(world.group.iter().all(is_new), "an older key is trusted: {world:?}");
            assert!(world.parameters.keys().all(is_new), "an older key is kept: {world:?}");
        }
        if self.steps.last() != Some(&step) {
            self.steps.push(step);
        }
        if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn plan(&mut self, observed: &Observed, step: &Step) {
        let ring = &observed.ring;
        match step {
            Step::Create => {
                self.operations.push_back(Operation::PutParameters);
            }
            Step::Deploy => self.operations.push_back(Operation::Deploy),
            Step::Probe(key) => self.operations.push_back(Operation::Probe(key.clone())),
            Step::Activate => self.operations.push_back(Operation::ReplaceRing(ring.promoted())),
            Step::Schedule => {
                let is_emergency = self.intent == Intent::Revoke;
                let time = if is_emergency { observed.now } else { observed.now + LIFETIME };
                self.operations.push_back(Operation::ReplaceRing(ring.retired_by(time, is_emergency)));
            }
            Step::Remove(keys) => self.operations.push_back(Operation::ReplaceRing(ring.without(keys))),
            Step::Delete(keys) => self.operations.push_back(Operation::DeleteParameters(keys.clone())),
            Step::AwaitStack
            | Step::AwaitDistribution
            | Step::AwaitKeyGroup(_)
            | Step::AwaitRetirement(_)
            | Step::Done => {}
        }
    }

    fn operate(&mut self, world: &mut World, operation: Operation) -> ControlFlow<()> {
        let (ring, version) = self.read.clone().unwrap();
        match operation {
            Operation::PutParameters => {
                if self.intent != Intent::Revoke {
                    self.create = Some(false);
                }
                self.operations.push_back(Operation::AddToRing(world.new_key()));
            }
            Operation::AddToRing(key) => {
                let ring = if self.intent == Intent::Revoke { ring.without_next() } else { ring };
                let entry = RingEntry::new(key.clone(), Algorithm::EcP256, world.now, KeyState::Next);
                let replaced = world.replace_ring(version, ring.with(entry).unwrap());
                if replaced.is_continue() {
                    self.new_key = Some(key);
                }
                return self.survive(replaced);
            }
            Operation::Deploy => {
                if world.update.is_none() && world.ring_version == version {
                    world.deploy_ring();
                }
            }
            Operation::Probe(key) => {
                if !world.group.contains(&key) {
                    return ControlFlow::Break(());
                }
                self.accepted_key = Some(key);
            }
            Operation::ReplaceRing(ring) => {
                let replaced = world.replace_ring(version, ring);
                return self.survive(replaced);
            }
            Operation::DeleteParameters(keys) => world.parameters.retain(|key, _| !keys.contains(key)),
        }
        ControlFlow::Continue(())
    }

    /// An emergency rotation continues after another process has changed the ring.
    fn survive(&self, replaced: ControlFlow<()>) -> ControlFlow<()> {
        if self.intent == Intent::Revoke { ControlFlow::Continue(()) } else { replaced }
    }
}
