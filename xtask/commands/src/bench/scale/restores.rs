//! Restores: the queue, its event source mapping, and the restore function.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use openapi::{
    RESTORE_FUNCTION_TIMEOUT_SECONDS, RESTORE_QUEUE_MAXIMUM_RECEIVES, restore_retry_delay_seconds,
};

use super::calendar::Calendar;
use super::inputs::{MESSAGES_IN_FLIGHT, PACKAGES, RESTORE, RESTORE_PACKAGE, TRANSIENT_FAILURES, choose};
use crate::load::schedule::{Arrivals, Rate, Schedule};

/// The simulated time.
pub(super) const LENGTH: Duration = Duration::from_hours(1);
/// How often the backlog is read.
const INTERVAL: Duration = Duration::from_secs(20);
/// The messages of a batch (`stack/src/infrastructure/restore_function.rs`).
const BATCH: usize = 10;
/// The function returns messages that it cannot finish some seconds before its timeout.
const BATCH_TIME: Duration = Duration::from_secs(RESTORE_FUNCTION_TIMEOUT_SECONDS as u64 - 5);

/// What became of the messages.
pub(super) struct Outcome {
    pub(super) sent: u64,
    /// Times from sending to the end, in ascending order.
    pub(super) times: Vec<Duration>,
    pub(super) dead: u64,
    /// Messages that wait, are in progress, or come back later, at the end.
    pub(super) unfinished: u64,
    pub(super) most_batches: u32,
    /// Whether all batches were in progress while messages waited.
    pub(super) is_limited: bool,
    /// The waiting messages, and the age of the oldest, at the end of each interval.
    pub(super) backlog: Vec<Backlog>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog {
    pub(super) seconds: f64,
    pub(super) messages: u32,
    pub(super) oldest: Duration,
}

struct Message {
    sent: Duration,
    packages: u32,
    receives: u32,
}

enum Event {
    Sent,
    /// A message that failed is visible again.
    Returns(Message),
    /// A message in a batch ends.
    Ends(Message, IsDone),
    BatchEnds,
    Reads,
}

type IsDone = bool;

struct Simulation {
    arrivals: Schedule,
    calendar: Calendar<Event>,
    generator: Rng,
    waiting: VecDeque<Message>,
    batches: u32,
    concurrency: u32,
    outcome: Outcome,
}

/// Simulates a rate of restores per minute.
pub(super) fn simulate(concurrency: u32, per_minute: f64, seed: u64) -> Result<Outcome> {
    let mut generator = Rng::with_seed(seed);
    let rate = Rate::per_second(per_minute / 60.0);
    let simulation = Simulation {
        arrivals: Schedule::new(Arrivals::Poisson, rate, LENGTH, generator.fork()),
        calendar: Calendar::default(),
        generator,
        waiting: VecDeque::new(),
        batches: 0,
        concurrency,
        outcome: Outcome {
            sent: 0,
            times: Vec::new(),
            dead: 0,
            unfinished: 0,
            most_batches: 0,
            is_limited: false,
            backlog: Vec::new(),
        },
    };
    simulation.run()
}

impl Simulation {
    fn run(mut self) -> Result<Outcome> {
        self.expect_message();
        self.calendar.add(INTERVAL, Event::Reads);
        // The last reading is at the end.
        let end = LENGTH + Duration::from_nanos(1);
        while let Some((now, event)) = self.calendar.next_before(end) {
            match event {
                Event::Sent => {
                    self.expect_message();
                    self.outcome.sent += 1;
                    let packages = choose(&PACKAGES, |(weight, _)| *weight, &mut self.generator);
                    let packages = packages.map_or(1, |(_, packages)| *packages);
                    self.waiting.push_back(Message { sent: now, packages, receives: 0 });
                }
                Event::Returns(message) => self.waiting.push_back(message),
                Event::Ends(message, true) => {
                    self.outcome.times.push(now.saturating_sub(message.sent));
                }
                Event::Ends(message, false) => self.fail(now, message),
                Event::BatchEnds => self.batches -= 1,
                Event::Reads => self.read(now)?,
            }
            self.begin_batches(now);
        }
        self.outcome.times.sort_unstable();
        let in_progress = self.calendar.count(|event| matches!(event, Event::Ends(..) | Event::Returns(_)));
        self.outcome.unfinished = u64::try_from(self.waiting.len() + in_progress)?;
        Ok(self.outcome)
    }

    fn expect_message(&mut self) {
        if let Some(time) = self.arrivals.next() {
            self.calendar.add(time, Event::Sent);
        }
    }

    fn begin_batches(&mut self, now: Duration) {
        while !self.waiting.is_empty() {
            if self.batches == self.concurrency {
                self.outcome.is_limited = true;
                return;
            }
            self.batches += 1;
            self.outcome.most_batches = self.outcome.most_batches.max(self.batches);
            self.begin_batch(now);
        }
    }

    /// Takes the oldest messages. Each part of the function handles the next one as soon as it is free.
    fn begin_batch(&mut self, now: Duration) {
        let count = self.waiting.len().min(BATCH);
        let batch: Vec<Message> = self.waiting.drain(..count).collect();
        let mut free_after = [Duration::ZERO; MESSAGES_IN_FLIGHT];
        for mut message in batch {
            message.receives += 1;
            let time = RESTORE.draw(&mut self.generator) + RESTORE_PACKAGE * message.packages;
            free_after.sort_unstable();
            let wanted = free_after[0] + time;
            let is_done = wanted <= BATCH_TIME && self.generator.f64() >= TRANSIENT_FAILURES;
            free_after[0] = wanted.min(BATCH_TIME);
            self.calendar.add(now + free_after[0], Event::Ends(message, is_done));
        }
        let end = free_after.into_iter().max().unwrap_or_default();
        self.calendar.add(now + end, Event::BatchEnds);
    }

    fn fail(&mut self, now: Duration, message: Message) {
        if message.receives >= RESTORE_QUEUE_MAXIMUM_RECEIVES {
            self.outcome.dead += 1;
            return;
        }
        let delay = Duration::from_secs(restore_retry_delay_seconds(message.receives).into());
        self.calendar.add(now + delay, Event::Returns(message));
    }

    fn read(&mut self, now: Duration) -> Result<()> {
        let oldest = self.waiting.iter().map(|message| message.sent).min();
        self.outcome.backlog.push(Backlog {
            seconds: now.as_secs_f64(),
            messages: u32::try_from(self.waiting.len())?,
            oldest: oldest.map(|sent| now.saturating_sub(sent)).unwrap_or_default(),
        });
        self.calendar.add(now + INTERVAL, Event::Reads);
        Ok(())
    }
}

impl Outcome {
    /// Returns the backlog at the end.
    pub(super) fn last_backlog(&self) -> Backlog {
        self.backlog.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_restores_do_not_wait_and_too_many_are_a_growing_backlog() {
        let few = simulate(10, 10.0, 1).unwrap();
        assert!(!few.is_limited);
        assert!(few.backlog.iter().all(|backlog| backlog.messages == 0));
        let many = simulate(2, 3_000.0, 1).unwrap();
        assert!(many.is_limited);
        assert!(many.last_backlog().messages > 10_000, "{:?}", many.last_backlog());
        assert!(many.last_backlog().oldest > Duration::from_mins(10), "{:?}", many.last_backlog());
    }

    #[test]
    fn messages_are_taken_in_their_order_and_wait_for_the_slower_part_of_a_batch() {
        let outcome = simulate(2, 600.0, 5).unwrap();
        assert_eq!(outcome.most_batches, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn every_message_is_restored_dead_or_unfinished(
            concurrency in 1_u32..6,
            per_minute in 1.0..400.0,
            seed: u64,
        ) {
            let outcome = simulate(concurrency, per_minute, seed).unwrap();
            let ended = u64::try_from(outcome.times.len()).unwrap() + outcome.dead;
            prop_assert_eq!(outcome.sent, ended + outcome.unfinished);
            prop_assert!(outcome.most_batches <= concurrency);
            let in_progress = u64::from(concurrency) * 10;
            let waiting = u64::from(outcome.last_backlog().messages);
            prop_assert!(outcome.unfinished >= waiting);
            prop_assert!(outcome.unfinished <= waiting + in_progress + outcome.sent / 50 + 5, "few come back later");
            let minimum = RESTORE.fixed;
            prop_assert!(outcome.times.iter().all(|time| *time >= minimum));
        }
    }
}
