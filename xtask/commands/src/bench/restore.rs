//! `cargo xtask bench restore`: restores folders of several sizes.
//!
//! It uses the release binary with a local database and emulator. The emulator is much slower than S3 and DynamoDB.
//! Its time is therefore measured separately: it is the time during which at least one request to it was in progress,
//! as measured by the proxy in front of it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use command_line::{environment, layout, output, terminal};
use deploy::build::{self, Profile};
use faults::trial::{Delivery, Package, Place, Trial};
use faults::{Fate, Service, Tally};
use machine::directory::{Data, StateDirectory};
use machine::process as processes;
use machine::{command, workspace};
use rights::identity::Credentials;
use stack::FunctionName;

use super::figure::{Figures, megabytes};
use super::replay;
use crate::local::foundation::Foundation;
use operator::terminal::Terminal;

/// The round trip to a database in another availability zone, through a proxy.
const ROUND_TRIP: Duration = Duration::from_micros(2500);

/// A folder to restore.
#[derive(Clone, Copy)]
pub(super) struct Scenario {
    /// The number of files in it.
    pub(super) files: usize,
    /// How many of them have objects. The others are published.
    pub(super) with_objects: usize,
    /// The delay added to every round trip to the database.
    pub(super) round_trip: Duration,
}

/// The measurements of a restore.
struct Measured {
    total: Duration,
    in_aws: Duration,
    in_database: Duration,
    statements: Vec<(String, Tally)>,
    calls: Vec<(String, Tally)>,
    peak_memory: u64,
}

pub(super) async fn measure(figures: &mut Figures) -> Result<()> {
    let profile = Profile::Release(environment::load(local_stack::ENVIRONMENT)?.architecture);
    build::build(profile, &Terminal).await?;
    let bootstrap = build::bootstrap(profile, FunctionName::Restore);
    let directory = StateDirectory::open(&workspace::target().join("bench-restore"))?;
    processes::clean_up(&directory).await?;
    directory.reset().await?;
    let foundation = Foundation::start(&directory, None, Data::Fresh).await?;
    let outcome = tokio::select! {
        outcome = measure_all(&foundation, &directory, bootstrap, figures) => outcome,
        interrupted = command::interrupted() => interrupted.and_then(|()| Err(anyhow!("interrupted"))),
    };
    foundation.stop().await;
    outcome
}

async fn measure_all(
    foundation: &Foundation,
    directory: &StateDirectory,
    bootstrap: PathBuf,
    figures: &mut Figures,
) -> Result<()> {
    foundation.prepare_trials().await?;
    let place = |number: usize| Place {
        database_url: foundation.postgres.url(),
        aws_endpoint_url: foundation.emulator.endpoint_url(),
        credentials: Credentials::of_emulator(),
        bootstrap: bootstrap.clone(),
        directory: directory.file(&format!("trial-{number}")),
        log_level: "info",
    };
    let mut table = layout::table([
        "FILES",
        "OBJECTS",
        "ROUND TRIP",
        "STATEMENTS",
        "CALLS",
        "TOTAL",
        "IN EMULATOR",
        "OUTSIDE",
        "IN DATABASE",
        "MEMORY",
    ]);
    let mut calls = String::new();
    let mut ratio = None;
    let mut all = Vec::new();
    let scenario = |files, with_objects, round_trip| Scenario { files, with_objects, round_trip };
    let scenarios = [
        scenario(1000, 1000, Duration::ZERO),
        scenario(1000, 1000, ROUND_TRIP),
        scenario(10_000, 10_000, Duration::ZERO),
        scenario(10_000, 10_000, ROUND_TRIP),
        scenario(10_000, 0, Duration::ZERO),
        scenario(100_000, 0, Duration::ZERO),
        scenario(100_000, 0, ROUND_TRIP),
        scenario(100_000, 1000, Duration::ZERO),
    ];
    for (number, scenario) in scenarios.into_iter().enumerate() {
        let step = terminal::Step::begin(format!("{} files", scenario.files));
        let trial = Trial::prepare(&place(number)).await?;
        let compare = scenario.files == 10_000 && scenario.with_objects > 0 && scenario.round_trip.is_zero();
        let measured = scenario.run(&trial, compare).await?;
        if compare {
            let statements = trial.faults.statements();
            let alone = replay::run(&trial, &foundation.postgres, &statements).await?;
            ratio = Some((measured.in_database, alone, measured.statements.clone()));
        }
        trial.end().await;
        step.done(format!("{:.2} s", measured.total.as_secs_f64()));
        table.add_row(scenario.row(&measured));
        scenario.list_calls(&measured, &mut calls)?;
        all.push((scenario, measured));
    }
    output::print(format_args!("{table}\n\n{calls}"))?;
    if let Some((engine, alone, statements)) = ratio {
        list_statements(statements)?;
        let times = engine.as_secs_f64() / alone.as_secs_f64();
        figures.at_most("database time for 10,000 files, to psql alone", times, 2.0, |times| {
            format!("{times:.2} ×")
        });
    }
    hold_against_limits(figures, &all);
    Ok(())
}

/// Checks the limits of a restore, which exclude the time of the emulator.
fn hold_against_limits(figures: &mut Figures, all: &[(Scenario, Measured)]) {
    let find = |files, with_objects: Option<usize>, round_trip| {
        let mut found = all.iter().filter(|(scenario, _)| {
            (scenario.files, scenario.round_trip) == (files, round_trip)
                && with_objects.is_none_or(|count| scenario.with_objects == count)
        });
        found.next().map(|(_, measured)| measured)
    };
    let count_of = |measured: &Measured| count(&measured.statements);
    let show = |count: u32| count.to_string();
    if let Some(small) = find(1000, None, ROUND_TRIP) {
        figures.at_most("1,000 files, 2.5 ms a round trip: SQL statements", count_of(small), 15, show);
        figures.at_most(
            "1,000 files, 2.5 ms a round trip: in all",
            small.total,
            Duration::from_secs(2),
            seconds,
        );
    }
    let Some(large) = find(10_000, Some(10_000), Duration::ZERO) else { return };
    figures.at_most("10,000 files: SQL statements", count_of(large), 20, show);
    figures.at_most("10,000 files: AWS calls", count(&large.calls), 350, show);
    figures.at_most("10,000 files: outside the emulator", large.outside(), Duration::from_secs(1), seconds);
    if let (Some(published), Some(huge)) =
        (find(10_000, Some(0), Duration::ZERO), find(100_000, Some(0), Duration::ZERO))
    {
        figures.at_most("100,000 packages: SQL statements", count_of(huge), 110, show);
        figures.at_most("100,000 packages: peak memory", huge.peak_memory, 256_000_000, megabytes);
        let growth = huge.outside().as_secs_f64() / published.outside().as_secs_f64() / 10.0;
        let what = "100,000 packages: time of each outside the emulator, to that at 10,000";
        figures.at_most(what, growth, 1.5, |times| format!("{times:.2} ×"));
    }
}

impl Measured {
    /// Returns the time during which no request to the emulator was in progress.
    fn outside(&self) -> Duration {
        self.total.saturating_sub(self.in_aws)
    }
}

impl Scenario {
    fn packages(self) -> Vec<Package> {
        let file = |number| {
            let name = format!("sub-{number:06}_task-rest_eeg.edf");
            if number < self.with_objects {
                Package::file(Some(0), &name, 1_000)
            } else {
                Package::published(Some(0), &name, 1_000)
            }
        };
        let folder = Package::folder(None, "recordings").restoring();
        std::iter::once(folder).chain((0..self.files).map(file)).collect()
    }

    /// Returns how long a restore takes.
    pub(super) async fn measure(self, place: &Place) -> Result<Duration> {
        let trial = Trial::prepare(place).await?;
        let measured = self.run(&trial, false).await?;
        trial.end().await;
        Ok(measured.total)
    }

    async fn run(self, trial: &Trial, record: bool) -> Result<Measured> {
        let packages = self.packages();
        let dataset = trial.dataset(&packages).await?;
        // This starts the process, because a cold start is not part of a restore's time.
        trial.invoke(&[]).await?;
        trial.faults.begin(|_| Fate::Forward);
        trial.faults.delay_database(self.round_trip);
        if record {
            trial.faults.record_statements();
        }
        let start = Instant::now();
        let failures = trial.invoke(&[Delivery::new(dataset.message(0))]).await?;
        let total = start.elapsed();
        if !failures.is_empty() {
            let log = trial.log().await?;
            let last = log.lines().last().unwrap_or_default().to_owned();
            return Err(anyhow!(last)).context("the function did not restore the folder");
        }
        let measured = Measured {
            total,
            in_aws: trial.faults.time_in(Service::Aws),
            in_database: trial.faults.time_in(Service::Database),
            statements: trial.faults.tallies(Service::Database).into_iter().collect(),
            calls: trial.faults.tallies(Service::Aws).into_iter().collect(),
            peak_memory: trial.peak_memory().await?,
        };
        let state = trial.end_state(&dataset, &packages).await?;
        let ready = state.packages.iter().filter(|package| package.state == "READY").count();
        ensure!(ready == packages.len(), "{ready} of {} packages are READY", packages.len());
        let events = trial.take_changelog().await?;
        ensure!(events.len() == packages.len(), "{} events for {} packages", events.len(), packages.len());
        Ok(measured)
    }

    fn row(self, measured: &Measured) -> [String; 10] {
        [
            self.files.to_string(),
            self.with_objects.to_string(),
            format!("+{:.1} ms", milliseconds(self.round_trip)),
            count(&measured.statements).to_string(),
            count(&measured.calls).to_string(),
            seconds(measured.total),
            seconds(measured.in_aws),
            seconds(measured.outside()),
            seconds(measured.in_database),
            format!("{} MB", measured.peak_memory / 1_000_000),
        ]
    }

    fn list_calls(self, measured: &Measured, to: &mut String) -> std::fmt::Result {
        write!(to, "{} files, {} objects:", self.files, self.with_objects)?;
        for (operation, tally) in &measured.calls {
            write!(to, " {operation} {} ({} at a time),", tally.calls, tally.most_in_flight)?;
        }
        to.pop();
        writeln!(to)
    }
}

fn count(tallies: &[(String, Tally)]) -> u32 {
    tallies.iter().map(|(_, tally)| tally.calls).sum()
}

/// Prints the statements that took the longest.
fn list_statements(mut statements: Vec<(String, Tally)>) -> Result<()> {
    statements.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.time));
    for (text, tally) in statements.iter().take(6) {
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(70).collect();
        output::print(format_args!("  {:>6.0} ms  {text} …", milliseconds(tally.time)))?;
    }
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
