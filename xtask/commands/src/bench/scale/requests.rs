//! Requests to the API: gateway, authorizer, API function, database.

use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use hdrhistogram::Histogram;

use super::calendar::Calendar;
use super::functions::{Function, Functions, RateLimit};
use super::inputs::{
    AUTHORIZER, AUTHORIZER_MISSES, COLD_START, LONGEST_WAIT_FOR_CONNECTION, ROUTES, Route, STATEMENT, Work,
    choose,
};
use super::settings::{Limit, LimitsMet, Settings};
use super::station::Station;
use crate::load::schedule::{Arrivals, Rate, Schedule};
use crate::load::span::number;
use crate::load::tally::{Ending, Percentiles, histogram, percentiles, record};
use crate::load::timeline::{Point, Timeline};

/// The simulated time.
pub(super) const LENGTH: Duration = Duration::from_mins(1);
/// The load rises from nothing to the whole rate in this time.
const RISE: Duration = Duration::from_secs(10);
/// Figures are those of requests that arrive later: when instances are warm, and bursts are used up.
const MEASURED_FROM: Duration = Duration::from_secs(30);

/// What became of the requests.
pub(super) struct Outcome {
    /// The counts of the whole time.
    pub(super) all: Counts,
    /// The counts of the measured time.
    pub(super) measured: Counts,
    /// Requests that had not ended at the end.
    pub(super) in_progress: usize,
    pub(super) limits_met: LimitsMet,
    /// Latencies of served requests of the measured time, behind the gateway.
    pub(super) latency_ms: Option<Percentiles>,
    pub(super) timeline: Vec<Point>,
    pub(super) instances: u32,
    /// Database connections that were in use at the same time.
    pub(super) connections: u32,
}

/// Counts of requests by the time when they arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) arrived: u64,
    pub(super) served: u64,
    /// Rejected by the gateway, with 429.
    pub(super) throttled: u64,
    /// Rejected behind it, with a status of 5xx.
    pub(super) failed: u64,
}

#[derive(Clone, Copy)]
struct Request {
    arrived: Duration,
    route: &'static Route,
    /// The function that works on it.
    function: Function,
}

enum Event {
    /// A request arrives.
    Arrives,
    /// An instance begins to work.
    Begins(Request),
    /// The statements were executed.
    HasRows(Request),
    /// An invocation ends.
    Ends(Request),
}

struct Simulation {
    arrivals: Schedule,
    calendar: Calendar<Event>,
    generator: Rng,
    account: RateLimit,
    /// One for each route.
    routes: Vec<RateLimit>,
    functions: Functions,
    connections: Station<(Request, Duration)>,
    outcome: Outcome,
    latencies: Histogram<u64>,
    timeline: Timeline,
}

/// Simulates a rate of requests per second.
pub(super) fn simulate(settings: &Settings, rate: f64, seed: u64) -> Result<Outcome> {
    let mut generator = Rng::with_seed(seed);
    // Each message of a restore has a connection of its own.
    let messages = u32::try_from(super::inputs::MESSAGES_IN_FLIGHT)?;
    let connections = settings.connections.saturating_sub(settings.restore_concurrency * messages);
    let simulation = Simulation {
        arrivals: Schedule::new(Arrivals::Poisson, Rate::per_second(rate), LENGTH, generator.fork()),
        calendar: Calendar::default(),
        generator,
        account: RateLimit::new(settings.account),
        routes: ROUTES.iter().map(|_| RateLimit::new(settings.route)).collect(),
        functions: Functions::new(settings, connections),
        connections: Station::new(connections),
        outcome: Outcome {
            all: Counts::default(),
            measured: Counts::default(),
            in_progress: 0,
            limits_met: LimitsMet::default(),
            latency_ms: None,
            timeline: Vec::new(),
            instances: 0,
            connections: 0,
        },
        latencies: histogram(3)?,
        timeline: Timeline::new(LENGTH),
    };
    simulation.run()
}

impl Simulation {
    fn run(mut self) -> Result<Outcome> {
        self.expect_arrival();
        while let Some((now, event)) = self.calendar.next_before(LENGTH) {
            match event {
                Event::Arrives => self.arrive(now),
                Event::Begins(request) => self.begin(now, request),
                Event::HasRows(request) => self.has_rows(now, request),
                Event::Ends(request) => self.end(now, request)?,
            }
        }
        let in_functions = self.calendar.count(|event| !matches!(event, Event::Arrives));
        Ok(Outcome {
            in_progress: in_functions + self.connections.waiting(),
            latency_ms: percentiles(&self.latencies),
            timeline: self.timeline.points(LENGTH),
            instances: self.functions.instances(),
            connections: self.connections.most_busy(),
            ..self.outcome
        })
    }

    fn expect_arrival(&mut self) {
        let rise = RISE.as_secs_f64();
        // Leaving out arrivals at random makes a slower Poisson process of a Poisson process.
        let next = self.arrivals.find(|time| self.generator.f64() * rise < time.as_secs_f64());
        if let Some(time) = next {
            self.calendar.add(time, Event::Arrives);
        }
    }

    fn arrive(&mut self, now: Duration) {
        self.expect_arrival();
        self.count(now, |counts| counts.arrived += 1);
        let Some(route) = choose(&ROUTES, |route| route.weight, &mut self.generator) else { return };
        let limit = ROUTES.iter().zip(&self.routes).find(|(other, _)| std::ptr::eq(*other, route));
        if !self.account.allows(now) {
            return self.reject(now, now, Limit::AccountRate);
        }
        if limit.is_some_and(|(_, limit)| !limit.allows(now)) {
            return self.reject(now, now, Limit::RouteRate);
        }
        let is_decided = !route.is_authorized || self.generator.f64() >= AUTHORIZER_MISSES;
        let function = if is_decided { Function::Api } else { Function::Authorizer };
        self.invoke(now, Request { arrived: now, route, function });
    }

    fn invoke(&mut self, now: Duration, request: Request) {
        match self.functions.begin(request.function, now) {
            Ok(is_cold) => {
                let delay = if is_cold { COLD_START.draw(&mut self.generator) } else { Duration::ZERO };
                self.calendar.add(now + delay, Event::Begins(request));
            }
            Err(limit) => self.reject(now, request.arrived, limit),
        }
    }

    fn begin(&mut self, now: Duration, request: Request) {
        if request.work().statements == 0 {
            self.finish_work(now, request);
        } else if let Some((request, _)) = self.connections.arrive((request, now)) {
            self.execute(now, request);
        } else {
            self.outcome.limits_met.add(Limit::Connections, now);
        }
    }

    fn execute(&mut self, now: Duration, request: Request) {
        let time =
            (0..request.work().statements).map(|_| STATEMENT.draw(&mut self.generator)).sum::<Duration>();
        self.calendar.add(now + time, Event::HasRows(request));
    }

    fn has_rows(&mut self, now: Duration, request: Request) {
        self.finish_work(now, request);
        while let Some((next, since)) = self.connections.finish() {
            if now.saturating_sub(since) <= LONGEST_WAIT_FOR_CONNECTION {
                return self.execute(now, next);
            }
            self.functions.end(next.function);
            self.reject(now, next.arrived, Limit::Connections);
        }
    }

    fn reject(&mut self, now: Duration, arrived: Duration, limit: Limit) {
        self.outcome.limits_met.add(limit, now);
        self.count(arrived, |counts| {
            if limit.is_throttle_of_gateway() {
                counts.throttled += 1;
            } else {
                counts.failed += 1;
            }
        });
    }

    fn count(&mut self, arrived: Duration, change: impl Fn(&mut Counts)) {
        change(&mut self.outcome.all);
        if arrived >= MEASURED_FROM {
            change(&mut self.outcome.measured);
        }
    }

    fn finish_work(&mut self, now: Duration, request: Request) {
        let time = request.work().other.draw(&mut self.generator);
        self.calendar.add(now + time, Event::Ends(request));
    }

    fn end(&mut self, now: Duration, request: Request) -> Result<()> {
        self.functions.end(request.function);
        if request.function == Function::Authorizer {
            self.invoke(now, Request { function: Function::Api, ..request });
            return Ok(());
        }
        self.count(request.arrived, |counts| counts.served += 1);
        let latency = now.saturating_sub(request.arrived);
        if request.arrived >= MEASURED_FROM {
            record(&mut self.latencies, latency);
        }
        self.timeline.record(request.arrived, latency, Ending::Status(200))
    }
}

impl Counts {
    /// Returns how many of these requests of the measured time came in each second.
    pub(super) fn per_second(count: u64) -> f64 {
        number(count) / LENGTH.saturating_sub(MEASURED_FROM).as_secs_f64()
    }
}

impl Request {
    fn work(&self) -> Work {
        match self.function {
            Function::Authorizer => AUTHORIZER,
            Function::Api => self.route.work,
        }
    }
}

#[cfg(test)]
mod tests {
    use command_line::environment;
    use lambda::control_plane::Throttling;
    use proptest::prelude::*;

    use super::*;

    fn deployed() -> Settings {
        Settings::deployed(&environment::load("prod").unwrap()).unwrap()
    }

    #[test]
    fn same_seed_gives_the_same_outcome() {
        let figures = |seed| {
            let outcome = simulate(&deployed(), 300.0, seed).unwrap();
            (outcome.all.arrived, outcome.all.served, outcome.latency_ms.map(|latency| latency.p99.to_bits()))
        };
        assert_eq!(figures(3), figures(3));
        assert_ne!(figures(3), figures(4));
    }

    #[test]
    fn busy_route_is_throttled_to_its_rate() {
        let outcome = simulate(&deployed(), 2_000.0, 1).unwrap();
        assert_eq!(outcome.limits_met.first(), Some(Limit::RouteRate));
        // Two of the five routes stay below 200 requests a second.
        // 2,000 requests are 857, 571, 286, 190 and 95 of the routes.
        let served = Counts::per_second(outcome.measured.served);
        assert!((3.0 * 200.0 + 190.0 + 95.0 - served).abs() < 20.0, "{served}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn every_request_is_served_rejected_or_in_progress_and_no_limit_is_exceeded(
            rate in 1.0..400.0,
            route in 1_u32..200,
            concurrency in 1_u32..30,
            connections in 1_u32..4,
            is_pinned: bool,
            seed: u64,
        ) {
            let settings = Settings {
                route: Throttling { rate: route.into(), burst: route },
                concurrency,
                connections,
                is_pinned,
                restore_concurrency: 0,
                ..deployed()
            };
            let outcome = simulate(&settings, rate, seed).unwrap();
            let Counts { arrived, served, throttled, failed } = outcome.all;
            let in_progress = u64::try_from(outcome.in_progress).unwrap();
            prop_assert_eq!(arrived, served + throttled + failed + in_progress);
            prop_assert!(in_progress <= concurrency.into());
            prop_assert!(outcome.instances <= 2 * concurrency, "an idle instance of a function is not busy");
            prop_assert!(outcome.connections <= connections);
            if is_pinned {
                prop_assert!(outcome.instances <= connections);
            }
        }
    }
}
