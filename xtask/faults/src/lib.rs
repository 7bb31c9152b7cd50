//! Trouble on the way: proxies between a function and what it calls, which count every call and do to some what a
//! script says.
//!
//! One stands in front of PostgreSQL ([`DatabaseProxy`]), one in front of the AWS emulator ([`AwsProxy`]). Both ask the
//! same [`Faults`] what becomes of each call, so that a script can say: break the connection at the fifth statement,
//! let the third `DeleteObjects` do half of its work, or stop everything when the commit is done and its answer on the
//! way, which is the moment to kill the function.

mod aws;
mod database;
mod partial;
mod statement;
mod tally;
pub mod trial;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

pub use self::aws::AwsProxy;
pub use self::database::DatabaseProxy;
pub use self::statement::{Statement, Value};
pub use self::tally::Tally;
use self::tally::{Busy, Flight};

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// PostgreSQL; a call is the execution of a statement.
    Database,
    /// The emulator; a call is a request, so that another attempt of the SDK is another call.
    Aws,
}

/// A call that is about to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub service: Service,
    /// The operation of AWS, or the text of the statement.
    pub operation: String,
    /// Which call of the service it is since the script began, from 1.
    pub number: u32,
    /// Which call of this operation it is since the script began, from 1.
    pub number_of_operation: u32,
}

/// A side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call does not arrive.
    Before,
    /// The call is done, and its answer does not arrive.
    After,
}

/// What becomes of a call. The database has no word for the last four, and breaks the connection instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is forwarded.
    Forward,
    /// It is forwarded later.
    Delay(Duration),
    /// The connection breaks.
    Cut(Moment),
    /// Nothing passes any more, in neither proxy, until the next script begins; see [`Faults::stopped`].
    Stop(Moment),
    /// The service says that there are too many calls, in its own words: S3 with 503 `SlowDown`.
    Throttle,
    /// The service denies the call; S3 denies a `DeleteObjects` by an error for each of its keys.
    Deny,
    /// Status 503, and nothing that could be understood.
    Unavailable,
    /// A call that carries many entries is done for the first half of them, and the answer says that the others were
    /// not; a transaction is cancelled because of the others; any other call is forwarded.
    Partly,
}

type Script = Box<dyn FnMut(&Call) -> Fate + Send>;

/// What becomes of calls, and what has become of them so far.
pub struct Faults {
    state: Mutex<State>,
    stopped: watch::Sender<bool>,
}

struct State {
    script: Script,
    round_trip: Duration,
    database_round_trips: u32,
    clock_advance: Duration,
    tallies: BTreeMap<(Service, String), Tally>,
    busy: BTreeMap<Service, Busy>,
    statements: Option<Vec<Statement>>,
}

impl Faults {
    /// Everything is forwarded at first.
    pub fn new() -> Arc<Self> {
        let state = State {
            script: Box::new(|_| Fate::Forward),
            round_trip: Duration::ZERO,
            database_round_trips: 0,
            clock_advance: Duration::ZERO,
            tallies: BTreeMap::new(),
            busy: BTreeMap::new(),
            statements: None,
        };
        Arc::new(Self { state: Mutex::new(state), stopped: watch::Sender::new(false) })
    }

    /// Begins another script, and counts anew. Calls that were stopped break off.
    pub fn begin(&self, script: impl FnMut(&Call) -> Fate + Send + 'static) {
        let mut state = self.state();
        state.script = Box::new(script);
        state.tallies.clear();
        state.busy.clear();
        state.statements = None;
        state.database_round_trips = 0;
        drop(state);
        self.stopped.send_replace(false);
    }

    /// Adds this much to every round trip to the database, from now on.
    pub fn delay_database(&self, round_trip: Duration) {
        self.state().round_trip = round_trip;
    }

    /// How often somebody waited for an answer of the database since the script began, logins included.
    pub fn database_round_trips(&self) -> u32 {
        self.state().database_round_trips
    }

    /// Has AWS's clock, as the date of its answers tells it, be so much ahead, from now on.
    pub fn advance_clock(&self, by: Duration) {
        self.state().clock_advance = by;
    }

    /// Keeps every statement with its values until the next script begins.
    pub fn record_statements(&self) {
        self.state().statements = Some(Vec::new());
    }

    /// The statements that were recorded, in the order of their execution.
    pub fn statements(&self) -> Vec<Statement> {
        self.state().statements.clone().unwrap_or_default()
    }

    /// Waits until a call has been stopped.
    pub async fn stopped(&self) {
        // The sender is ours, and lives as long as we do.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// What was called since the script began, by operation.
    pub fn tallies(&self, service: Service) -> BTreeMap<String, Tally> {
        let state = self.state();
        let of_service = state.tallies.iter().filter(|((of, _), _)| *of == service);
        of_service.map(|((_, operation), tally)| (operation.clone(), *tally)).collect()
    }

    /// How many calls there were since the script began.
    pub fn calls(&self, service: Service) -> u32 {
        self.tallies(service).values().map(|tally| tally.calls).sum()
    }

    /// How long at least one call was with the service, since the script began.
    pub fn time_in(&self, service: Service) -> Duration {
        self.state().busy.get(&service).map_or(Duration::ZERO, Busy::total)
    }

    /// Counts a call and says what becomes of it. What comes while everything is stopped waits, and is then cut off.
    async fn judge(self: &Arc<Self>, service: Service, operation: &str) -> (Fate, Flight) {
        let mut stopped = self.stopped.subscribe();
        if *stopped.borrow() {
            let _ = stopped.wait_for(|stopped| !*stopped).await;
            return (Fate::Cut(Moment::Before), Flight::uncounted());
        }
        let mut state = self.state();
        let number = 1 + tally::calls(&state.tallies, service);
        let tally = state.tallies.entry((service, operation.to_owned())).or_default();
        tally.begin();
        let number_of_operation = tally.calls;
        let call = Call { service, operation: operation.to_owned(), number, number_of_operation };
        state.busy.entry(service).or_default().begin();
        let fate = (state.script)(&call);
        drop(state);
        (fate, Flight::new(Arc::clone(self), service, call.operation))
    }

    /// Stops everything, and waits until the next script begins.
    async fn stop(&self) {
        self.stopped.send_replace(true);
        let _ = self.stopped.subscribe().wait_for(|stopped| !*stopped).await;
    }

    fn land(&self, service: Service, operation: &str, time: Duration) {
        let mut state = self.state();
        // Neither is there where another script has begun meanwhile.
        if let Some(tally) = state.tallies.get_mut(&(service, operation.to_owned())) {
            tally.end(time);
        }
        if let Some(busy) = state.busy.get_mut(&service) {
            busy.end();
        }
    }

    fn record(&self, statement: impl FnOnce() -> Statement) {
        if let Some(statements) = &mut self.state().statements {
            statements.push(statement());
        }
    }

    /// Counts a round trip to the database, and returns how much longer it takes.
    fn begin_round_trip(&self) -> Duration {
        let mut state = self.state();
        state.database_round_trips += 1;
        state.round_trip
    }

    fn clock_advance(&self) -> Duration {
        self.state().clock_advance
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counts are whole after any panic of a script.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
