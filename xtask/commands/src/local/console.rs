//! What the console shows and does.

mod keys;
mod monitored;
mod packages;
mod queue;
mod requests;
mod rotation;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chrono::Utc;
use cloudwatch::Metrics;
use deploy::connection::{self, Connection, Emulator, LocalStack};
use deploy::traces::Traces;
use lambda::gateway::RecentRequests;
use lambda::pool::FunctionPool;
use local_stack::StackFile;
use local_stack::console::{Component, ConsoleModel, Json, Topic};
use local_stack::monitoring::AlarmStatus;
use local_stack::not_emulated::NotEmulated;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use stack::Environment;
use tokio::sync::watch;

use self::rotation::RotationLog;

/// How the console works on the stack: as a user of the command line does.
pub(super) struct Access {
    environment: Environment,
    /// Everything but deletions is done by the deployer, as by the commands.
    deployer: Connection,
    /// Deletes packages, which the platform does on AWS.
    administrator: Connection,
    pool: PgPool,
    rotation: Arc<RotationLog>,
}

impl Access {
    /// Connects as the deployer.
    pub(super) async fn connect(
        environment: &Environment,
        emulator: &Emulator,
        administrator: Connection,
        pool: PgPool,
        local: LocalStack,
    ) -> Result<Arc<Self>> {
        let rotation = Arc::new(RotationLog::default());
        let mut deployer = connection::connect_to_emulator(environment, emulator, rotation.clone()).await?;
        deployer.local = Some(local);
        Ok(Arc::new(Self { environment: environment.clone(), deployer, administrator, pool, rotation }))
    }
}

/// What the data plane knows.
pub(super) struct Sources {
    pub(super) stack_file: Arc<watch::Sender<StackFile>>,
    pub(super) components: Vec<Component>,
    pub(super) pool: FunctionPool,
    pub(super) alarms: watch::Receiver<Vec<AlarmStatus>>,
    pub(super) requests: watch::Receiver<RecentRequests>,
    pub(super) traces: Traces,
}

/// Returns what the page shows and does.
pub(super) fn model(sources: Sources, access: &Arc<Access>, without_effect: &[NotEmulated]) -> ConsoleModel {
    let Sources { stack_file, components, pool, alarms, requests, traces } = sources;
    let described = Arc::clone(&stack_file);
    let topics = vec![
        packages::topic(access),
        queue::depths(access),
        queue::dead_letters(access),
        keys::ring(access),
        keys::rotation(access),
        requests::recent(requests),
        traces::recent(&traces),
        metrics(&stack_file, pool.metrics().clone(), alarms, &access.environment),
    ];
    ConsoleModel {
        stack_json: Arc::new(move || serde_json::to_value(&*described.borrow()).unwrap_or_default()),
        openapi: openapi::openapi_document(),
        components,
        statistics: Arc::new(move || {
            pool.statistics()
                .into_iter()
                .map(|(name, statistics)| {
                    (name.to_string(), serde_json::to_value(statistics).unwrap_or_default())
                })
                .collect()
        }),
        without_effect: without_effect.iter().map(ToString::to_string).collect(),
        topics,
        lookups: vec![traces::find(&traces), requests::log(access)],
        actions: vec![packages::delete(access, &stack_file), queue::redrive(access), keys::rotate(access)],
    }
}

fn metrics(
    stack_file: &Arc<watch::Sender<StackFile>>,
    metrics: Metrics,
    alarms: watch::Receiver<Vec<AlarmStatus>>,
    environment: &Environment,
) -> Topic {
    let (stack_file, environment) = (Arc::clone(stack_file), environment.clone());
    Topic {
        name: "metrics",
        interval: Duration::from_secs(5),
        read: Arc::new(move || {
            let now = Utc::now().timestamp();
            let document =
                monitored::document(&metrics, &alarms.borrow(), &stack_file.borrow(), &environment, now);
            Box::pin(async { Ok(document) })
        }),
    }
}

/// Returns a document of the page for a result.
fn to_json<T: Serialize>(result: Result<T>) -> Result<Value, String> {
    let value = result.map_err(|error| format!("{error:#}"))?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// Creates a topic that works on the stack.
fn topic<F>(
    name: &'static str,
    interval: Duration,
    access: &Arc<Access>,
    read: impl Fn(Arc<Access>) -> F + Send + Sync + 'static,
) -> Topic
where
    F: Future<Output = Result<Value>> + Send + 'static,
{
    let access = Arc::clone(access);
    Topic { name, interval, read: Arc::new(move || boxed(read(Arc::clone(&access)))) }
}

fn boxed(read: impl Future<Output = Result<Value>> + Send + 'static) -> Json {
    Box::pin(async move { to_json(read.await) })
}
