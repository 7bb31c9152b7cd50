//! What the simulation knows of the service: how often each request occurs, and how long its parts take.
//!
//! Times on this machine are limits that other figures of `bench` check. Times of AWS are assumptions, and
//! `docs/scaling.md` lists them.

use std::time::Duration;

use fastrand::Rng;

use crate::load::schedule::exponential;

/// A random time: a fixed part, and one with an exponential distribution.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RandomTime {
    pub(super) fixed: Duration,
    /// The mean of the rest.
    pub(super) rest: Duration,
}

impl RandomTime {
    const fn microseconds(fixed: u64, rest: u64) -> Self {
        Self { fixed: Duration::from_micros(fixed), rest: Duration::from_micros(rest) }
    }

    pub(super) fn draw(self, generator: &mut Rng) -> Duration {
        self.fixed + self.rest.mul_f64(exponential(generator))
    }
}

/// A route of the API.
#[derive(Debug)]
pub(super) struct Route {
    /// How often it occurs in relation to the others: the sum of its operations in
    /// `xtask/commands/src/load/default-mix.toml`.
    pub(super) weight: u32,
    pub(super) is_authorized: bool,
    /// The work of the API function.
    pub(super) work: Work,
}

/// What an invocation does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// Statements that are executed one after the other (`tests/tests/it/cost.rs`).
    pub(super) statements: u32,
    /// Everything but statements.
    pub(super) other: RandomTime,
}

/// The time of the processor for a request: 0.35 ms on a whole one, which is the minimum of an invocation and what
/// `bench api` allows on top of it. A function with 512 MB has 29 % of a processor, as 1,769 MB have one:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>.
const PROCESSOR: RandomTime = RandomTime::microseconds(1_200, 0);
/// Assumed: the processor's time, and a call to S3.
const PROCESSOR_AND_S3: RandomTime = RandomTime::microseconds(31_200, 30_000);

/// `GET /cloudfront/sign`, `GET` and `HEAD /presign/s3`, `GET` and `HEAD /proxy/s3`.
pub(super) const ROUTES: [Route; 5] = [
    Route { weight: 18, is_authorized: true, work: Work { statements: 1, other: PROCESSOR } },
    Route { weight: 12, is_authorized: true, work: Work { statements: 1, other: PROCESSOR } },
    Route { weight: 6, is_authorized: true, work: Work { statements: 1, other: PROCESSOR_AND_S3 } },
    Route { weight: 4, is_authorized: false, work: Work { statements: 0, other: PROCESSOR } },
    Route { weight: 2, is_authorized: false, work: Work { statements: 0, other: PROCESSOR_AND_S3 } },
];

/// The work of the authorizer, which has 256 MB and executes two statements (`runtime/src/authorizer/admission.rs`).
pub(super) const AUTHORIZER: Work = Work { statements: 2, other: RandomTime::microseconds(2_400, 0) };

/// Assumed: the fraction of requests that the gateway has no cached decision for. It keeps one for 300 s for each token
/// and dataset, so this is one of 20 requests of a user to a dataset in that time.
pub(super) const AUTHORIZER_MISSES: f64 = 0.05;

/// A statement with its round trip, 2.5 ms as `bench restore` assumes. A connection is in use meanwhile.
pub(super) const STATEMENT: RandomTime = RandomTime::microseconds(1_500, 1_000);

/// The longest time that a request waits for a connection (`STATEMENT_TIME` in `runtime/src/platform/database.rs`).
pub(super) const LONGEST_WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);

/// Assumed: the time until a new instance of a function has a connection to the database.
pub(super) const COLD_START: RandomTime = RandomTime::microseconds(150_000, 50_000);

/// The packages of a restore, and how many of 100 restores have that many. Assumed.
pub(super) const PACKAGES: [(u32, u32); 4] = [(78, 1), (16, 100), (4, 1_000), (2, 10_000)];

/// The time of a restore without its packages: 15 statements, which `bench restore` allows, and 6 waves of calls to
/// AWS of 20 ms, which is assumed.
pub(super) const RESTORE: RandomTime = RandomTime::microseconds(120_000, 40_000);

/// The time of each package: 0.1 ms in the function and the database, which `bench restore` allows, and 0.25 ms in
/// calls to DynamoDB, S3 and SQS, with as many in flight as the function sends. The latter is assumed.
pub(super) const RESTORE_PACKAGE: Duration = Duration::from_micros(350);

/// Assumed: the fraction of receives that fail for a transient reason, and come back.
pub(super) const TRANSIENT_FAILURES: f64 = 0.001;

/// The messages of a batch that the restore function handles at the same time (`MESSAGES_IN_FLIGHT` in
/// `runtime/src/restore/function.rs`).
pub(super) const MESSAGES_IN_FLIGHT: usize = 2;

/// Chooses by weight.
pub(super) fn choose<'a, T>(all: &'a [T], weight: impl Fn(&T) -> u32, generator: &mut Rng) -> Option<&'a T> {
    let total: u32 = all.iter().map(&weight).sum();
    let mut rest = generator.u32(..total);
    all.iter().find(|item| {
        let chosen = rest < weight(item);
        rest = rest.saturating_sub(weight(item));
        chosen
    })
}
