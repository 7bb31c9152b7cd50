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
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use command_line::terminal::{self, Step};
use command_line::{environment, layout, output};
use machine::repository;

use self::requests::Counts;
use self::settings::{Limit, Settings};
use super::figure::Figures;
use crate::load::report::chart::{Chart, ChartLine};
use crate::load::span::number;

const SCALES: [u32; 4] = [1, 10, 100, 1_000];
const REQUESTS_PER_SECOND: f64 = 50.0;
const RESTORES_PER_MINUTE: f64 = 10.0;
const SEED: u64 = 17;
/// The length of a simulation of restores.
const MINUTES: f64 = 60.0;

/// Settings, and what they are called.
struct Variant {
    name: &'static str,
    settings: Settings,
}

pub(super) fn measure(figures: &mut Figures) -> Result<()> {
    let deployed = Settings::deployed(&environment::load("prod")?)?;
    let raised = deployed.with_raised_quotas();
    let variants = [
        Variant { name: "as deployed", settings: deployed },
        Variant { name: "open routes", settings: deployed.with_open_routes() },
        Variant { name: "raised quotas", settings: raised },
        Variant { name: "raised, pinned", settings: Settings { is_pinned: true, ..raised } },
    ];
    let directory = repository::root().join("docs/images");
    requests(&variants, &directory, figures)?;
    let [deployed, _, raised, _] = &variants;
    restores(&[deployed, raised], &directory, figures)
}

fn requests(variants: &[Variant], directory: &Path, figures: &mut Figures) -> Result<()> {
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
    let mut charts = Vec::new();
    let step = Step::begin("requests");
    for Variant { name, settings } in variants {
        let mut lines = Vec::new();
        for scale in SCALES {
            let rate = REQUESTS_PER_SECOND * f64::from(scale);
            let outcome = requests::simulate(settings, rate, SEED)?;
            let Counts { arrived, served, throttled, failed } = outcome.measured;
            let percent = |count| format!("{:.1} %", 100.0 * number(count) / number(arrived));
            let latency = outcome.latency_ms.context("no request was served")?;
            let connections = if settings.is_pinned { outcome.instances } else { outcome.connections };
            table.add_row([
                (*name).to_owned(),
                times(scale),
                format!("{rate:.0}"),
                format!("{:.0}", Counts::per_second(served)),
                percent(throttled),
                percent(failed),
                format!("{:.1}", latency.p50),
                format!("{:.0}", latency.p99),
                outcome.instances.to_string(),
                connections.to_string(),
                outcome.in_progress.to_string(),
                first(outcome.limits_met.first()),
            ]);
            if scale == 1 && !settings.is_pinned {
                let Counts { throttled, failed, .. } = outcome.all;
                figures.at_most(
                    format!("rejected requests at 1 ×, {name}"),
                    throttled + failed,
                    0,
                    |count| count.to_string(),
                );
            }
            let points = outcome.timeline.iter();
            let points = points.filter_map(|point| Some((point.seconds, point.latency_ms?.p99)));
            lines.push(ChartLine { name: times(scale), points: points.collect() });
        }
        charts.push((*name, lines));
    }
    step.done(format!("{} runs of {} s", variants.len() * SCALES.len(), requests::LENGTH.as_secs()));
    output::print(format_args!("{table}\n"))?;
    for (name, lines) in charts {
        let title = format!("p99 of served requests, ms ({name})");
        save(directory, "latency", name, &Chart { title, lines, is_logarithmic: true })?;
    }
    Ok(())
}

fn restores(variants: &[&Variant], directory: &Path, figures: &mut Figures) -> Result<()> {
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
    let step = Step::begin("restores");
    for Variant { name, settings } in variants {
        let mut lines = Vec::new();
        for scale in SCALES {
            let rate = RESTORES_PER_MINUTE * f64::from(scale);
            let outcome = restores::simulate(settings.restore_concurrency, rate, SEED)?;
            let done = u64::try_from(outcome.times.len())?;
            let at = |part| outcome.quantile(part).context("nothing was restored");
            let last = outcome.last_backlog();
            table.add_row([
                (*name).to_owned(),
                times(scale),
                format!("{rate:.0}"),
                format!("{:.0}", number(done) / MINUTES),
                format!("{:.2}", at(0.5)?.as_secs_f64()),
                format!("{:.1}", at(0.99)?.as_secs_f64()),
                outcome.most_batches.to_string(),
                (outcome.most_batches * u32::try_from(inputs::MESSAGES_IN_FLIGHT)?).to_string(),
                outcome.unfinished.to_string(),
                format!("{} s", last.oldest.as_secs()),
                first(outcome.is_limited.then_some(Limit::RestoreConcurrency)),
            ]);
            if scale == 1 {
                let p99 = at(0.99)?;
                figures.at_most(
                    format!("p99 of a restore at 1 ×, {name}"),
                    p99,
                    Duration::from_secs(10),
                    |time| format!("{:.1} s", time.as_secs_f64()),
                );
            }
            let points = outcome.backlog.iter();
            let points = points.map(|backlog| (backlog.seconds, f64::from(backlog.messages)));
            lines.push(ChartLine { name: times(scale), points: points.collect() });
        }
        let title = format!("messages that wait in the restore queue ({name})");
        save(directory, "backlog", name, &Chart { title, lines, is_logarithmic: true })?;
    }
    step.done(format!("{} runs of an hour", variants.len() * SCALES.len()));
    output::print(format_args!("{table}\n"))?;
    Ok(())
}

fn times(scale: u32) -> String {
    format!("{scale} ×")
}

fn first(limit: Option<Limit>) -> String {
    limit.map(|limit| limit.to_string()).unwrap_or_default()
}

/// Writes a chart as `scaling-KIND-NAME.svg`.
fn save(directory: &Path, kind: &str, name: &str, chart: &Chart) -> Result<()> {
    let name = name.replace(", ", "-").replace(' ', "-");
    let path = directory.join(format!("scaling-{kind}-{name}.svg"));
    fs::write(&path, chart.image()).with_context(|| format!("cannot write the chart {}", path.display()))?;
    terminal::say(format!("chart: {}", path.display()));
    Ok(())
}
