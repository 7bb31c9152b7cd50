//! Compares the queue of the simulation with the function pool of the local stack.
//!
//! The same arrivals go to the API function with 1, 2 and 4 instances, and to the simulated station, which draws its
//! service times from measured ones. A delay of the database makes up most of a service time, so the instances hardly
//! compete for the processor.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use command_line::environment;
use command_line::terminal::Step;
use deploy::deployed_stack::DeployedStack;
use fastrand::Rng;
use faults::{DatabaseProxy, Faults};
use local_stack::StackFile;
use openapi::variables;
use operator::connect::{connect, read_stack_file};
use serde_json::Value;
use stack::OutputName;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::api;
use super::figure::{Figure, Figures, in_seconds};
use super::scale::station::latencies;
use super::single_function::{SingleFunction, deployed_function};
use crate::load::schedule::{Arrivals, Rate, Schedule};

const INSTANCES: [u32; 3] = [1, 2, 4];
/// How much of the time each instance is busy.
const UTILIZATIONS: [f64; 2] = [0.5, 0.7];
/// What the database takes longer.
const DELAY: Duration = Duration::from_millis(60);
const LENGTH: Duration = Duration::from_secs(30);
const SERVICE_TIMES: usize = 100;
const SEED: u64 = 17;
/// By how much the means may differ, as a share of the simulated one.
const LARGEST_DIFFERENCE: f64 = 0.25;

pub(super) async fn measure(figures: &mut Figures) -> Result<()> {
    let stack = read_stack_file::<StackFile>()?;
    let environment = environment::load(local_stack::ENVIRONMENT)?;
    let connection = connect(&environment).await?;
    let outputs = DeployedStack::get(&connection.cloudformation(), &environment).await?.outputs;
    let deployed = deployed_function(&stack, outputs.get(OutputName::ApiFunctionName)?).await?;
    let faults = Faults::new();
    let database = Url::parse(&stack.database_url).context("stack.json has no proper database_url")?;
    let port = database.port().context("database_url has no port")?;
    let proxy = DatabaseProxy::start(port, Arc::clone(&faults)).await?;
    let port = proxy.port().to_string();
    let asset = [("package_id", stack.packages.viewer.as_str()), ("path", stack.assets.thumbnail.as_str())];
    let event = api::event("/cloudfront/sign", &stack, &asset);
    for instances in INSTANCES {
        let label = format!("pool-{instances}");
        let other = [(variables::POSTGRES_PORT, port.as_str())];
        let maximum = usize::try_from(instances)?;
        let function = SingleFunction::start(&label, &deployed, &stack, &other, maximum).await?;
        let function = Arc::new(function);
        faults.delay_database(Duration::ZERO);
        start_all(&function, &event, instances).await?;
        faults.delay_database(DELAY);
        compare(&function, &event, instances, figures).await?;
        if let Some(function) = Arc::into_inner(function) {
            function.stop().await;
        }
    }
    Ok(())
}

/// Starts all instances, with an open connection each.
async fn start_all(function: &Arc<SingleFunction>, event: &Value, instances: u32) -> Result<()> {
    for _ in 0..5 {
        run(function, event, vec![Duration::ZERO; usize::try_from(instances)?]).await?;
    }
    Ok(())
}

async fn compare(
    function: &Arc<SingleFunction>,
    event: &Value,
    instances: u32,
    figures: &mut Figures,
) -> Result<()> {
    for utilization in UTILIZATIONS {
        let step = Step::begin(format!("{instances} instances"));
        // Half of them before and half after the run, since the speed of the machine changes.
        let mut service_times = measure_service_times(function, event).await?;
        let rate = utilization * f64::from(instances) / mean(&service_times)?.as_secs_f64();
        let mut generator = Rng::with_seed(SEED);
        let arrivals = Schedule::new(Arrivals::Poisson, Rate::per_second(rate), LENGTH, generator.fork());
        let arrivals: Vec<_> = arrivals.collect();
        let pool = run(function, event, arrivals.clone()).await?;
        service_times.extend(measure_service_times(function, event).await?);
        let draw = || generator.choice(&service_times).copied().unwrap_or_default();
        let simulated = latencies(arrivals, draw, instances);
        step.done(format!("{} requests, {rate:.1} a second", pool.len()));

        let what = format!("{instances} instances, {:.0} % busy", utilization * 100.0);
        let difference = (mean(&pool)?.as_secs_f64() / mean(&simulated)?.as_secs_f64() - 1.0).abs();
        figures.add(Figure::times(format!("{what}: service time"), &service_times));
        let latency = Figure::times(format!("{what}: latency"), &pool);
        figures.add(latency.limited_by("simulated", in_seconds(&simulated)));
        let difference = Figure::multiple(format!("{what}: difference of the means"), difference);
        figures.add(difference.target(LARGEST_DIFFERENCE));
    }
    Ok(())
}

/// Measures requests that do not wait.
async fn measure_service_times(function: &SingleFunction, event: &Value) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..SERVICE_TIMES / 2 {
        times.push(function.time(event, 200).await?);
    }
    Ok(times)
}

/// Sends a request at each time, whether or not earlier ones were answered, and returns the times from then.
async fn run(
    function: &Arc<SingleFunction>,
    event: &Value,
    arrivals: Vec<Duration>,
) -> Result<Vec<Duration>> {
    let start = Instant::now();
    let mut requests = JoinSet::new();
    for arrival in arrivals {
        sleep_until(start + arrival).await;
        let (function, event) = (Arc::clone(function), event.clone());
        requests.spawn(async move {
            function.time(&event, 200).await?;
            anyhow::Ok(start.elapsed().saturating_sub(arrival))
        });
    }
    requests.join_all().await.into_iter().collect()
}

fn mean(times: &[Duration]) -> Result<Duration> {
    let count = u32::try_from(times.len())?;
    times.iter().sum::<Duration>().checked_div(count).context("no time was measured")
}
