//! The functions of an account, as Lambda scales them.

use std::time::{Duration, Instant};

use lambda::control_plane::Throttling;
use lambda::gateway::TokenBucket;

use super::settings::{Limit, Settings};

/// A function in the path of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Authorizer,
    Api,
}

/// How many requests per second an account may send for each of its concurrent instances, and how fast a function gets
/// instances: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>.
const REQUESTS_PER_INSTANCE: u32 = 10;
/// 1,000 instances at once, and then 1,000 in 10 seconds:
/// <https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>.
const SCALING: Throttling = Throttling { rate: 100.0, burst: 1_000 };

/// Limits a rate. The same as that of the gateway of the local stack, at times of the simulation.
pub(super) struct RateLimit {
    bucket: TokenBucket,
    start: Instant,
}

/// The instances of both functions.
pub(super) struct Functions {
    authorizer: Fleet,
    api: Fleet,
    busy: u32,
    concurrency: u32,
    invocations: RateLimit,
    /// The most instances, if each has a connection of its own.
    pinned_connections: Option<u32>,
}

struct Fleet {
    instances: u32,
    idle: u32,
    scaling: RateLimit,
}

impl RateLimit {
    pub(super) fn new(limits: Throttling) -> Self {
        let start = Instant::now();
        Self { bucket: TokenBucket::new(limits, start), start }
    }

    pub(super) fn allows(&self, now: Duration) -> bool {
        self.bucket.take(self.start + now)
    }
}

impl Functions {
    /// Returns the functions without instances. The restore function may use its part of the quotas at any time.
    pub(super) fn new(settings: &Settings, connections: u32) -> Self {
        let fleet = || Fleet { instances: 0, idle: 0, scaling: RateLimit::new(SCALING) };
        let per_second = settings.concurrency * REQUESTS_PER_INSTANCE;
        let invocations = Throttling { rate: per_second.into(), burst: per_second };
        Self {
            authorizer: fleet(),
            api: fleet(),
            busy: 0,
            concurrency: settings.concurrency.saturating_sub(settings.restore_concurrency),
            invocations: RateLimit::new(invocations),
            pinned_connections: settings.is_pinned.then_some(connections),
        }
    }

    /// Begins an invocation, and returns whether it is a cold start.
    pub(super) fn begin(&mut self, function: Function, now: Duration) -> Result<bool, Limit> {
        if !self.invocations.allows(now) {
            return Err(Limit::InvocationRate);
        }
        if self.busy >= self.concurrency {
            return Err(Limit::Concurrency);
        }
        let all = self.instances();
        let fleet = self.fleet(function);
        let is_cold = fleet.idle == 0;
        if is_cold {
            if self.pinned_connections.is_some_and(|connections| all >= connections) {
                return Err(Limit::Connections);
            }
            let fleet = self.fleet(function);
            if !fleet.scaling.allows(now) {
                return Err(Limit::ScalingRate);
            }
            fleet.instances += 1;
        } else {
            fleet.idle -= 1;
        }
        self.busy += 1;
        Ok(is_cold)
    }

    /// Ends an invocation. Its instance stays.
    pub(super) fn end(&mut self, function: Function) {
        self.fleet(function).idle += 1;
        self.busy = self.busy.saturating_sub(1);
    }

    /// Returns how many instances were started.
    pub(super) fn instances(&self) -> u32 {
        self.authorizer.instances + self.api.instances
    }

    fn fleet(&mut self, function: Function) -> &mut Fleet {
        match function {
            Function::Authorizer => &mut self.authorizer,
            Function::Api => &mut self.api,
        }
    }
}

#[cfg(test)]
mod tests {
    use command_line::environment;

    use super::*;

    fn functions(change: impl FnOnce(&mut Settings), connections: u32) -> Functions {
        let mut settings = Settings::deployed(&environment::load("prod").unwrap()).unwrap();
        settings.restore_concurrency = 0;
        change(&mut settings);
        Functions::new(&settings, connections)
    }

    #[test]
    fn idle_instance_is_reused_and_functions_share_the_concurrency() {
        let mut functions = functions(|settings| settings.concurrency = 2, 9);
        let now = Duration::ZERO;
        assert_eq!(functions.begin(Function::Api, now), Ok(true));
        assert_eq!(functions.begin(Function::Authorizer, now), Ok(true));
        assert_eq!(functions.begin(Function::Api, now), Err(Limit::Concurrency));
        functions.end(Function::Api);
        assert_eq!(functions.begin(Function::Api, now), Ok(false));
        assert_eq!(functions.instances(), 2);
    }

    #[test]
    fn instances_come_at_the_scaling_rate_and_requests_at_that_of_the_quota() {
        let mut functions = functions(|settings| settings.concurrency = 5_000, 9);
        let mut begin = |seconds| functions.begin(Function::Api, Duration::from_secs(seconds));
        assert_eq!((0..1_000).filter(|_| begin(0).is_ok()).count(), 1_000);
        assert_eq!(begin(0), Err(Limit::ScalingRate));
        assert_eq!((0..200).filter(|_| begin(1).is_ok()).count(), 100);
        assert_eq!(
            (0..60_000).filter(|_| begin(1) == Err(Limit::InvocationRate)).count(),
            60_000 - 50_000 + 200
        );
    }

    #[test]
    fn pinned_connections_limit_the_instances() {
        let mut functions = functions(|settings| settings.is_pinned = true, 1);
        assert_eq!(functions.begin(Function::Api, Duration::ZERO), Ok(true));
        assert_eq!(functions.begin(Function::Api, Duration::ZERO), Err(Limit::Connections));
    }
}
