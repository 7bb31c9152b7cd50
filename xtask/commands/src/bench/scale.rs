//! Simulates the service at 1, 10, 100 and 1,000 times its load, and shows which limit is met first.
//!
//! The simulation uses no clock and a fixed seed, so the figures depend on its inputs only. `bench pool` compares its
//! queue with that of the local stack.

mod calendar;
mod functions;
mod inputs;
mod requests;
mod restores;
mod settings;
pub(super) mod station;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use command_line::terminal::{self, Step};
use command_line::{environment, layout, output};
use machine::repository;

use self::inputs::MESSAGES_IN_FLIGHT;
use self::requests::Counts;
use self::settings::{Limit, Settings};
use super::distribution::Distribution;
use super::figure::{Figure, Figures, in_seconds};
use super::unit::Unit;
use crate::load::report::chart::{Chart, ChartLine};
use crate::load::span::number;
use crate::load::timeline::Point;

const SCALES: [u32; 4] = [1, 10, 100, 1_000];
const REQUESTS_PER_SECOND: u32 = 50;
const RESTORES_PER_MINUTE: u32 = 10;
const SEED: u64 = 17;
/// The longest 99th percentile of a restore at today's load.
const LONGEST_RESTORE: Duration = Duration::from_secs(10);

/// A simulated load.
struct Run<O> {
    limits: &'static str,
    settings: Settings,
    scale: u32,
    /// Requests per second, or restores per minute.
    rate: u32,
    outcome: O,
}

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    let deployed = Settings::deployed(&environment::load("prod")?)?;
    let raised = deployed.with_raised_quotas();
    let variants = [
        ("as deployed", deployed),
        ("open routes", deployed.with_open_routes()),
        ("raised quotas", raised),
        ("raised, pinned", Settings { is_pinned: true, ..raised }),
    ];
    let step = Step::begin("requests");
    let requests = run_all(&variants, REQUESTS_PER_SECOND, |settings, rate| {
        requests::simulate(settings, rate.into(), SEED)
    })?;
    step.done(format!("{} times a minute", requests.len()));
    print_requests(&requests)?;
    for limits in ["as deployed", "raised, pinned"] {
        let chart = over_time("served per second", limits, &requests, |point| Some(point.achieved));
        save("served", limits, &chart)?;
    }
    let p99 = |point: &Point| point.latency_ms.map(|latency| latency.p99);
    let chart = over_time("p99 of served requests, ms", "as deployed", &requests, p99);
    save("latency", "as deployed", &chart)?;

    let step = Step::begin("restores");
    let [deployed, _, raised, _] = variants;
    let restores = run_all(&[deployed, raised], RESTORES_PER_MINUTE, |settings, rate| {
        restores::simulate(settings.restore_concurrency, rate.into(), SEED)
    })?;
    step.done(format!("{} times an hour", restores.len()));
    print_restores(&restores)?;
    save("backlog", deployed.0, &backlog(deployed.0, &restores))?;
    compare_with_limits(figures, &requests, &restores);
    Ok(())
}

fn run_all<O>(
    variants: &[(&'static str, Settings)],
    rate: u32,
    simulate: impl Fn(&Settings, u32) -> Result<O>,
) -> Result<Vec<Run<O>>> {
    let all = variants.iter().flat_map(|variant| SCALES.map(|scale| (*variant, scale)));
    let run = |((limits, settings), scale)| {
        let rate = rate * scale;
        Ok(Run { limits, settings, scale, rate, outcome: simulate(&settings, rate)? })
    };
    all.map(run).collect()
}

fn print_requests(runs: &[Run<requests::Outcome>]) -> Result<()> {
    let mut table = layout::table([
        "LIMITS",
        "LOAD",
        "REQUESTS/S",
        "SERVED/S",
        "429",
        "5XX",
        "P50 MS",
        "P99 MS",
        "INSTANCES",
        "CONNECTIONS",
        "IN PROGRESS",
        "FIRST LIMIT",
    ]);
    for run in runs {
        let outcome = &run.outcome;
        let Counts { arrived, served, throttled, failed } = outcome.measured;
        let percent = |count| format!("{:.1} %", 100.0 * number(count) / number(arrived));
        let latency = outcome.latency_ms.context("no request was served")?;
        let connections = if run.settings.is_pinned { outcome.instances } else { outcome.connections };
        table.add_row([
            run.limits.to_owned(),
            run.load(),
            run.rate.to_string(),
            format!("{:.0}", Counts::per_second(served)),
            percent(throttled),
            percent(failed),
            format!("{:.1}", latency.p50),
            format!("{:.0}", latency.p99),
            outcome.instances.to_string(),
            connections.to_string(),
            outcome.in_progress.to_string(),
            outcome.limits_met.first().map(Limit::name).unwrap_or_default().to_owned(),
        ]);
    }
    output::print(format_args!("{table}\n"))?;
    Ok(())
}

fn print_restores(runs: &[Run<restores::Outcome>]) -> Result<()> {
    let mut table = layout::table([
        "LIMITS",
        "LOAD",
        "RESTORES/MIN",
        "DONE/MIN",
        "P50 S",
        "P99 S",
        "BATCHES",
        "CONNECTIONS",
        "UNFINISHED",
        "OLDEST",
        "FIRST LIMIT",
    ]);
    let minutes = restores::LENGTH.as_secs_f64() / 60.0;
    for run in runs {
        let outcome = &run.outcome;
        let connections = outcome.most_batches * u32::try_from(MESSAGES_IN_FLIGHT)?;
        let limit = outcome.is_limited.then_some(Limit::RestoreConcurrency);
        let times = Distribution::of(&in_seconds(&outcome.times));
        table.add_row([
            run.limits.to_owned(),
            run.load(),
            run.rate.to_string(),
            format!("{:.0}", number(u64::try_from(outcome.times.len())?) / minutes),
            format!("{:.2}", times.median),
            format!("{:.1}", times.p99),
            outcome.most_batches.to_string(),
            connections.to_string(),
            outcome.unfinished.to_string(),
            format!("{} s", outcome.last_backlog().oldest.as_secs()),
            limit.map(Limit::name).unwrap_or_default().to_owned(),
        ]);
    }
    output::print(format_args!("{table}\n"))?;
    Ok(())
}

/// Checks that today's load meets no limit.
fn compare_with_limits(
    figures: &mut Figures,
    requests: &[Run<requests::Outcome>],
    restores: &[Run<restores::Outcome>],
) {
    for run in requests.iter().filter(|run| run.scale == 1) {
        let Counts { throttled, failed, .. } = run.outcome.all;
        let rejected = number(throttled + failed);
        let figure =
            Figure::new(format!("rejected requests at 1 ×, {}", run.limits), Unit::Count, vec![rejected]);
        figures.add(figure.target(0.0));
    }
    for run in restores.iter().filter(|run| run.scale == 1) {
        let p99 = Distribution::of(&in_seconds(&run.outcome.times)).p99;
        let name = format!("p99 of a restore at 1 ×, {}", run.limits);
        figures.add(Figure::new(name, Unit::Seconds, vec![p99]).target(LONGEST_RESTORE.as_secs_f64()));
    }
}

impl<O> Run<O> {
    fn load(&self) -> String {
        format!("{} ×", self.scale)
    }
}

/// Returns a chart with a line for each load.
fn over_time(
    what: &str,
    limits: &str,
    runs: &[Run<requests::Outcome>],
    value: impl Fn(&Point) -> Option<f64>,
) -> Chart {
    let line = |run: &Run<requests::Outcome>| {
        let points = run.outcome.timeline.iter();
        let points = points.filter_map(|point| Some((point.seconds, value(point)?))).collect();
        ChartLine { name: run.load(), points }
    };
    let lines = runs.iter().filter(|run| run.limits == limits).map(line).collect();
    Chart { title: format!("{what} ({limits})"), lines, is_logarithmic: true }
}

fn backlog(limits: &str, runs: &[Run<restores::Outcome>]) -> Chart {
    let line = |run: &Run<restores::Outcome>| {
        let points = run.outcome.backlog.iter();
        let points = points.map(|backlog| (backlog.seconds, f64::from(backlog.messages))).collect();
        ChartLine { name: run.load(), points }
    };
    let lines = runs.iter().filter(|run| run.limits == limits).map(line).collect();
    let title = format!("messages that wait in the restore queue ({limits})");
    Chart { title, lines, is_logarithmic: false }
}

/// Writes a chart for `docs/scaling.md`.
fn save(what: &str, limits: &str, chart: &Chart) -> Result<()> {
    let limits = limits.replace(',', "").replace(' ', "-");
    let path = repository::root().join(format!("docs/images/scaling-{what}-{limits}.svg"));
    fs::write(&path, chart.image()).with_context(|| format!("cannot write the chart {}", path.display()))?;
    terminal::say(format!("chart: {}", path.display()));
    Ok(())
}
