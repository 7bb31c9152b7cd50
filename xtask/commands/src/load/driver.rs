//! Sends the requests at their times.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use machine::command::interrupted;
use reqwest::RequestBuilder;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::mix::Mix;
use super::operation::Operation;
use super::requests::Requests;
use super::schedule::Schedule;
use super::statistics::{Measurement, Statistics};
use super::tally::Ending;

/// How often the progress is shown.
const PROGRESS: Duration = Duration::from_secs(1);
/// How long an interrupted run waits for the responses that are still to come.
const GRACE: Duration = Duration::from_secs(5);

/// What to send, and when.
pub(super) struct Driver {
    pub(super) schedule: Schedule,
    pub(super) mix: Mix,
    /// How many requests may be in flight. A request above it is not sent: it would only measure this machine.
    pub(super) in_flight: usize,
    pub(super) requests: watch::Receiver<Arc<Requests>>,
    /// Receives a message for each restore that was accepted.
    pub(super) restores: mpsc::Sender<()>,
}

/// How a run ended.
pub(super) struct Completion {
    /// How long requests started: until the last one, or an interruption.
    pub(super) length: Duration,
    pub(super) is_interrupted: bool,
}

impl Driver {
    /// Sends all requests, or those before an interruption, and waits for the responses.
    pub(super) async fn run(
        self,
        length: Duration,
        statistics: &mut Statistics,
        show: impl Fn(&Statistics, Duration),
    ) -> Result<Completion> {
        let Self { schedule, mix, in_flight, requests, restores } = self;
        let (mut schedule, mut generator) = (schedule.enumerate(), Rng::new());
        let mut running = JoinSet::new();
        let mut progress = interval(PROGRESS);
        progress.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let start = Instant::now();
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        let mut next = schedule.next();
        let is_interrupted = loop {
            // After the last request, the run lasts to its end.
            let (number, scheduled) = next.unwrap_or((0, length));
            tokio::select! {
                biased;
                // First, so that no request that has ended counts as in flight.
                Some(ended) = running.join_next() => record(statistics, &restores, ended)?,
                outcome = &mut interrupted => break outcome.map(|()| true)?,
                () = sleep_until(start + scheduled) => {
                    if next.is_none() {
                        break false;
                    }
                    next = schedule.next();
                    statistics.offer(scheduled)?;
                    let operation = mix.choose(&mut generator).context("the mix has no operation")?;
                    let request = requests.borrow().request(operation, number);
                    match request.filter(|_| running.len() < in_flight) {
                        Some(request) => {
                            running.spawn(send(operation, request, start, scheduled));
                        }
                        None => statistics.drop(scheduled)?,
                    }
                }
                _ = progress.tick() => show(statistics, start.elapsed()),
            }
        };
        let length = start.elapsed().min(length);
        let rest = async {
            while let Some(ended) = running.join_next().await {
                record(statistics, &restores, ended)?;
            }
            anyhow::Ok(())
        };
        if is_interrupted {
            timeout(GRACE, rest).await.unwrap_or(Ok(()))?;
        } else {
            // Each request has a time limit.
            rest.await?;
        }
        Ok(Completion { length, is_interrupted })
    }
}

fn record(
    statistics: &mut Statistics,
    restores: &mpsc::Sender<()>,
    ended: Result<Measurement, tokio::task::JoinError>,
) -> Result<()> {
    let measurement = ended.context("a request was not measured")?;
    if measurement.operation == Operation::Restore && measurement.ending == Ending::Status(200) {
        // One that is being followed has restored the file, so this one found nothing to restore.
        let _already_followed = restores.try_send(());
    }
    statistics.record(measurement)
}

/// Sends a request and reads the response to its end.
async fn send(
    operation: Operation,
    request: RequestBuilder,
    start: Instant,
    scheduled: Duration,
) -> Measurement {
    let response = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok::<_, reqwest::Error>(status)
    };
    let ending = match response.await {
        Ok(status) => Ending::Status(status),
        Err(error) if error.is_timeout() => Ending::TimedOut,
        Err(_) => Ending::Failed,
    };
    let latency = Instant::now().saturating_duration_since(start + scheduled);
    Measurement { operation, scheduled, latency, ending }
}

#[cfg(test)]
mod tests {
    use reqwest::{Client, Url};
    use tokio::net::TcpListener;

    use super::super::schedule::{Arrivals, Rate};
    use super::*;

    /// The server accepts connections and never responds, so the first requests stay in flight.
    #[tokio::test]
    async fn requests_above_the_number_in_flight_are_not_sent_and_counted() {
        const LIMIT: Duration = Duration::from_secs(1);
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", server.local_addr().unwrap())).unwrap();
        let http = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        let length = Duration::from_millis(2);
        let rate = Rate::parse("10000").unwrap();
        let (_current, requests) = watch::channel(Requests::to(http, &url));
        let driver = Driver {
            schedule: Schedule::new(Arrivals::Constant, rate, length, Rng::new()),
            mix: Mix::read(None).await.unwrap(),
            in_flight: 2,
            requests,
            restores: mpsc::channel(1).0,
        };
        let mut statistics = Statistics::new(driver.mix.operations(), length).unwrap();
        let completion = driver.run(length, &mut statistics, |_, _| {}).await.unwrap();
        assert!(!completion.is_interrupted);
        assert_eq!((statistics.offered, statistics.dropped), (20, 18));
        let counts = statistics.total.counts;
        assert_eq!((counts.requests, counts.timed_out, counts.errors), (2, 2, 2));
        assert!(statistics.total.percentiles().unwrap().p50 >= 999.0);
    }
}
