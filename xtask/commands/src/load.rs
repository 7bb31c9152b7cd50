//! `cargo xtask load`: sends requests to the running local stack at a fixed rate, and measures it.

mod driver;
mod growth;
mod mix;
mod observation;
mod operation;
pub(crate) mod report;
mod requests;
mod restores;
pub(crate) mod schedule;
pub(crate) mod signed_urls;
pub(crate) mod span;
mod statistics;
pub(crate) mod tally;
pub(crate) mod timeline;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use command_line::terminal::{self, Step};
use command_line::{Outcome, output};
use fastrand::Rng;
use local_stack::StackFile;
use machine::workspace;
use operator::connect::{read_stack_file, stack_file_path};
use reqwest::Client;
use tokio::fs;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use self::driver::{Completion, Driver};
use self::mix::Mix;
use self::observation::Observer;
use self::report::{Asked, Report};
use self::requests::Requests;
use self::restores::Deletion;
use self::schedule::{Arrivals, Rate, Schedule};
use self::statistics::Statistics;

/// How often URLs are signed again, which are valid for an hour.
const RENEWAL: Duration = Duration::from_mins(20);

/// Options of `load`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The number of requests per second.
    #[arg(long, value_name = "N", default_value = "20", value_parser = Rate::parse)]
    rate: Rate,
    /// How long requests are sent, such as 30s, 10m or 1h.
    #[arg(long = "for", value_name = "SPAN", default_value = "1m", value_parser = span::parse)]
    length: Duration,
    /// How the requests are spaced.
    #[arg(long, value_enum, default_value = "poisson")]
    arrivals: Arrivals,
    /// A TOML file with the weight of each operation; the default is described in docs/developing.md.
    #[arg(long, value_name = "FILE")]
    mix: Option<PathBuf>,
    /// How many requests may be in flight. Further ones are not sent, and counted.
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Exit with 3 if the 99th percentile of all latencies is longer, such as 250ms.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    p99: Option<Duration>,
    /// Write the report to this file as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the page with the charts to this file, and not to load/report.html in the target directory.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<Outcome> {
    let mix = Mix::read(arguments.mix.as_deref()).await?;
    let stack: StackFile = read_stack_file()?;
    let http = requests::client()?;
    let observing = Observer::connect(&http, &stack_file_path(), &stack).await?;
    let deletion = Box::pin(Deletion::connect(&stack)).await?;
    let (current, requests) = watch::channel(Requests::prepare(&http, &stack).await?);

    let end = watch::Sender::new(false);
    let observing = tokio::spawn(observing.run(end.subscribe()));
    let renewing = tokio::spawn(renew(http, stack, current));
    // Only one restore is followed at a time.
    let (restores, accepted) = mpsc::channel(1);
    let following = tokio::spawn(deletion.follow(accepted));

    let Arguments { rate, arrivals, length, in_flight, p99, .. } = arguments;
    let mut statistics = Statistics::new(mix.operations(), length)?;
    let schedule = Schedule::new(arrivals, rate, length, Rng::new());
    let step = Step::begin("load");
    let show = |statistics: &Statistics, elapsed| step.show(progress(statistics, elapsed));
    let driver = Driver { schedule, mix, in_flight: in_flight.into(), requests, restores };
    let completion = driver.run(length, &mut statistics, show).await;
    renewing.abort();
    end.send_replace(true);
    // The driver has dropped the other end of the channel, so this ends after the restore in progress.
    let restores = following.await.context("the restores were not followed")?;
    let observed = observing.await.context("the stack was not observed")?;
    let (Completion { length, is_interrupted }, observed, restores) = (completion?, observed?, restores?);
    step.done(format!("{} requests", statistics.total.counts.requests));

    let asked = Asked { rate, arrivals, p99 };
    let report = Report::new(asked, length, is_interrupted, &statistics, &observed, restores);
    output::print(report::table(&report))?;
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&report)?).await?;
    }
    let path = arguments.report.unwrap_or_else(|| workspace::target().join("load").join("report.html"));
    write(&path, &report::page(&report, &observed)).await?;
    terminal::say(format!("\nCharts: {}", path.display()));
    for missed in &report.missed {
        terminal::report(format!("missed: {missed}"));
    }
    Ok(if report.missed.is_empty() { Outcome::Done } else { Outcome::Differences })
}

/// Signs the URLs again from time to time. Without success, the previous ones are used until they expire.
async fn renew(http: Client, stack: StackFile, current: watch::Sender<Arc<Requests>>) {
    loop {
        sleep(RENEWAL).await;
        if let Ok(requests) = Requests::prepare(&http, &stack).await {
            current.send_replace(requests);
        }
    }
}

fn progress(statistics: &Statistics, elapsed: Duration) -> String {
    let counts = statistics.total.counts;
    let p99 = statistics.total.percentiles().map(|latency| latency.p99).unwrap_or_default();
    format!(
        "{} s, {} requests, p99 {p99:.1} ms, {} errors, {} throttled, {} not sent",
        elapsed.as_secs(),
        counts.requests,
        counts.errors,
        counts.status_429,
        statistics.dropped
    )
}

/// Writes a file, and creates its directory.
async fn write(path: &Path, text: &str) -> Result<()> {
    let written = async {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).await?;
        }
        fs::write(path, text).await
    };
    written.await.with_context(|| format!("cannot write the report to {}", path.display()))
}
