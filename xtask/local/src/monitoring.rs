//! CloudWatch and what publishes to it: collects metrics, and sets the states of alarms.
//!
//! Every few seconds, it reads the depths of the queues, sends new values to the emulator, where clients read them, and
//! evaluates the deployed alarms. CloudWatch does this once a minute, which is long to wait for at a terminal.

mod definition;
mod delivery;
mod manual;
mod queues;
mod states;

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use chrono::Utc;
use cloudwatch::Metrics;
use machine::causes::with_causes;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use queues::QueueDepths;
use states::AlarmStates;
pub use states::AlarmStatus;

const INTERVAL: Duration = Duration::from_secs(3);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Collects metrics and evaluates alarms.
pub struct Monitoring {
    client: Client,
    metrics: Metrics,
    depths: QueueDepths,
    states: AlarmStates,
    published: watch::Sender<Vec<AlarmStatus>>,
    /// The error of the last round, which is reported once.
    problem: Option<String>,
}

impl Monitoring {
    /// Creates it for the emulator at this URL. `client` acts as AWS itself, and must not be checked for permissions.
    pub fn new(client: &Client, emulator_url: &str, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let timeouts = TimeoutConfig::builder().operation_timeout(REQUEST_TIMEOUT).build();
        let client = Client::from_conf(client.config().to_builder().timeout_config(timeouts).build());
        Ok(Self {
            client,
            metrics,
            depths: QueueDepths::new(emulator_url, REQUEST_TIMEOUT)?,
            states: AlarmStates::default(),
            published: watch::Sender::new(Vec::new()),
            problem: None,
        })
    }

    /// Returns the deployed alarms with their current states.
    pub fn alarms(&self) -> watch::Receiver<Vec<AlarmStatus>> {
        self.published.subscribe()
    }

    /// Works until `shutdown` completes.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        let mut rounds = interval(INTERVAL);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                _ = rounds.tick() => {}
            }
            let problem = tokio::select! {
                biased;
                () = &mut shutdown => return,
                outcome = self.round() => outcome.err(),
            };
            if let Some(problem) = &problem
                && self.problem.as_ref() != Some(problem)
            {
                tracing::warn!("metrics and alarms are not up to date: {problem}");
            }
            self.problem = problem;
        }
    }

    async fn round(&mut self) -> Result<(), String> {
        let now = Utc::now().timestamp();
        self.depths.record(&self.metrics, now).await.map_err(|error| with_causes(&error))?;
        delivery::deliver(&self.client, &self.metrics).await.map_err(|error| with_causes(&error))?;
        let alarms = self.states.update(&self.client, &self.metrics, now).await;
        self.published.send_replace(alarms.map_err(|error| with_causes(&error))?);
        self.metrics.expire(now);
        Ok(())
    }
}
