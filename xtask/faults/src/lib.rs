//! Fault injection: proxies between a function and the services that it calls.
//!
//! The proxies count all calls and make some of them fail as a script specifies. [`DatabaseProxy`] is a proxy for
//! PostgreSQL, and [`AwsProxy`] for the AWS emulator. Both ask the same [`Faults`] for the fate of each call. A
//! script can, for example, break the connection at the fifth statement, or process only half of the third
//! `DeleteObjects`. It can also stop all calls after a commit, before its response arrives, which is the moment to
//! kill the function.

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
use self::tally::{Busy, CallInProgress};

/// A service that a function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// PostgreSQL; a call is the execution of a statement.
    Database,
    /// The AWS emulator; a call is a request, so each retry of the SDK is another call.
    Aws,
}

/// A call before it is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The called service.
    pub service: Service,
    /// The AWS operation, or the text of the statement.
    pub operation: String,
    /// Number of the call among all calls of the service since the script began, from 1.
    pub number: u32,
    /// Number of the call among the calls of this operation since the script began, from 1.
    pub number_of_operation: u32,
}

/// The point of a call at which a fault occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The service does not receive the call.
    Before,
    /// The service executes the call, but its response does not arrive.
    After,
}

/// The fate of a call.
///
/// For the database, each of the last four breaks the connection instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The call is forwarded.
    Forward,
    /// The call is forwarded after a delay.
    Delay(Duration),
    /// The connection breaks.
    Cut(Moment),
    /// Both proxies forward nothing until the next script begins; see [`Faults::stopped`].
    Stop(Moment),
    /// The service responds with its throttling error, for example S3 with 503 `SlowDown`.
    Throttle,
    /// The service denies the call. For a `DeleteObjects`, S3 returns an error for each key.
    Deny,
    /// The service responds with status 503 and an unparsable body.
    Unavailable,
    /// A call with several entries is executed only for the first half, and the response reports the others as failed
    /// or unprocessed. A transaction is canceled because of the second half. All other calls are forwarded.
    Partly,
}

type Script = Box<dyn FnMut(&Call) -> Fate + Send>;

/// The script that determines the fate of calls, and the statistics of the calls so far.
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
    /// Creates an instance that forwards all calls.
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

    /// Begins another script and resets the statistics. The connections of stopped calls break.
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

    /// Adds this delay to every round trip to the database from now on.
    pub fn delay_database(&self, round_trip: Duration) {
        self.state().round_trip = round_trip;
    }

    /// Returns the number of round trips to the database since the script began.
    ///
    /// Logins are included.
    pub fn database_round_trips(&self) -> u32 {
        self.state().database_round_trips
    }

    /// Advances the clock of AWS, as the date in its responses shows it, from now on.
    pub fn advance_clock(&self, by: Duration) {
        self.state().clock_advance = by;
    }

    /// Records all statements with their values until the next script begins.
    pub fn record_statements(&self) {
        self.state().statements = Some(Vec::new());
    }

    /// Returns the recorded statements in the order of their execution.
    pub fn statements(&self) -> Vec<Statement> {
        self.state().statements.clone().unwrap_or_default()
    }

    /// Waits until a call has been stopped.
    pub async fn stopped(&self) {
        // Cannot fail, because `self` owns the sender.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Returns the statistics of the calls since the script began, by operation.
    pub fn tallies(&self, service: Service) -> BTreeMap<String, Tally> {
        let state = self.state();
        let of_service = state.tallies.iter().filter(|((of, _), _)| *of == service);
        of_service.map(|((_, operation), tally)| (operation.clone(), *tally)).collect()
    }

    /// Returns the number of calls since the script began.
    pub fn calls(&self, service: Service) -> u32 {
        self.tallies(service).values().map(|tally| tally.calls).sum()
    }

    /// Returns how long at least one call was in progress since the script began.
    pub fn time_in(&self, service: Service) -> Duration {
        self.state().busy.get(&service).map_or(Duration::ZERO, Busy::total)
    }

    /// Counts a call and returns its fate.
    ///
    /// While all calls are stopped, the call waits and is then cut off.
    async fn decide(self: &Arc<Self>, service: Service, operation: &str) -> (Fate, CallInProgress) {
        let mut stopped = self.stopped.subscribe();
        if *stopped.borrow() {
            let _ = stopped.wait_for(|stopped| !*stopped).await;
            return (Fate::Cut(Moment::Before), CallInProgress::uncounted());
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
        (fate, CallInProgress::new(Arc::clone(self), service, call.operation))
    }

    /// Stops all calls and waits until the next script begins.
    async fn stop(&self) {
        self.stopped.send_replace(true);
        let _ = self.stopped.subscribe().wait_for(|stopped| !*stopped).await;
    }

    fn end_call(&self, service: Service, operation: &str, time: Duration) {
        let mut state = self.state();
        // Both are absent if another script has begun meanwhile.
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

    /// Counts a round trip to the database and returns its additional delay.
    fn begin_round_trip(&self) -> Duration {
        let mut state = self.state();
        state.database_round_trips += 1;
        state.round_trip
    }

    fn clock_advance(&self) -> Duration {
        self.state().clock_advance
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of a script leaves the statistics valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
