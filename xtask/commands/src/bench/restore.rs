//! `cargo xtask bench restore`: restores folders of several sizes.
//!
//! It uses the release binary with a local database and emulator. The emulator is much slower than S3 and DynamoDB.
//! Its time is therefore measured separately: it is the time during which at least one request to it was in progress,
//! as measured by the proxy in front of it.

mod scenario;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use command_line::{environment, terminal};
use deploy::build::{self, Profile};
use faults::trial::{Place, Trial};
use machine::directory::{Data, StateDirectory};
use machine::process as processes;
use machine::{command, workspace};
use operator::terminal::Terminal;
use rights::identity::Credentials;
use stack::FunctionName;

use self::scenario::Measured;
pub(super) use self::scenario::Scenario;
use super::Effort;
use super::figure::{Figure, Figures, in_seconds};
use super::replay;
use super::unit::Unit;
use crate::load::span::number;
use crate::local::foundation::Foundation;

/// The round trip to a database in another availability zone, through a proxy.
const ROUND_TRIP: Duration = Duration::from_micros(2500);
/// How often a folder is restored, unless it is large.
const ROUNDS: usize = 3;
/// From how many objects on a folder is restored once only, because its preparation takes a minute.
const MANY_OBJECTS: usize = 20_000;

const PUBLISHED: Scenario = Scenario::new(10_000, 0);
const MOST_PUBLISHED: Scenario = Scenario::new(100_000, 0);
const WITH_OBJECTS: Scenario = Scenario::new(10_000, 10_000);
const DENSE: Scenario = Scenario::new(20_000, 20_000);
const SPARSE: Scenario = DENSE.sparse();

/// What the older service takes for some scenarios, in seconds.
const OLDER: [(Scenario, f64); 3] = [
    (Scenario::new(1_000, 1_000), 1.58),
    (Scenario::new(1_000, 1_000).distant(ROUND_TRIP), 16.9),
    (WITH_OBJECTS, 16.7),
];

/// All scenarios, the smallest first.
const SCENARIOS: [Scenario; 10] = [
    Scenario::new(10, 10),
    Scenario::new(1_000, 1_000),
    Scenario::new(1_000, 1_000).distant(ROUND_TRIP),
    WITH_OBJECTS,
    WITH_OBJECTS.distant(ROUND_TRIP),
    PUBLISHED,
    DENSE,
    SPARSE,
    MOST_PUBLISHED,
    MOST_PUBLISHED.distant(ROUND_TRIP),
];
/// The number of scenarios of a quick run.
const QUICK: usize = 6;

pub(super) async fn measure(figures: &mut Figures, effort: Effort) -> Result<()> {
    let profile = Profile::Release(environment::load(local_stack::ENVIRONMENT)?.architecture);
    build::build(profile, &Terminal).await?;
    let bootstrap = build::bootstrap(profile, FunctionName::Restore);
    let directory = StateDirectory::open(&workspace::target().join("bench-restore"))?;
    processes::clean_up(&directory).await?;
    directory.reset().await?;
    let foundation = Foundation::start(&directory, None, Data::Fresh).await?;
    let outcome = tokio::select! {
        outcome = measure_all(&foundation, &directory, bootstrap, figures, effort) => outcome,
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
    effort: Effort,
) -> Result<()> {
    foundation.prepare_trials().await?;
    let place = |name: String| Place {
        database_url: foundation.postgres.url(),
        aws_endpoint_url: foundation.emulator.endpoint_url(),
        credentials: Credentials::of_emulator(),
        bootstrap: bootstrap.clone(),
        directory: directory.file(&name),
        log_level: "info",
    };
    let scenarios = if effort.is_quick { &SCENARIOS[..QUICK] } else { &SCENARIOS[..] };
    let mut all = Vec::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        let step = terminal::Step::begin(scenario.to_string());
        let (mut measured, mut replays) = (Vec::new(), Vec::new());
        let rounds = if scenario.with_objects < MANY_OBJECTS { effort.rounds(ROUNDS) } else { 1 };
        for round in 0..rounds {
            let trial = Trial::prepare(&place(format!("trial-{number}-{round}"))).await?;
            let is_replayed = *scenario == WITH_OBJECTS;
            measured.push(scenario.run(&trial, is_replayed).await?);
            if is_replayed {
                let statements = trial.faults.statements();
                replays.push(replay::run(&trial, &foundation.postgres, &statements).await?);
            }
            trial.end().await;
        }
        add_figures(figures, *scenario, &measured)?;
        if !replays.is_empty() {
            let times: Vec<Duration> = measured.iter().map(|measured| measured.in_database).collect();
            let figure = Figure::times(format!("{scenario}: in the database"), &times);
            let figure = figure.limited_by("the same statements in psql", in_seconds(&replays));
            figures.add(figure.target_multiple_of_limit(2.0));
        }
        let shortest = measured.iter().map(|measured| measured.total).min().unwrap_or_default();
        step.done(format!("{:.2} s", shortest.as_secs_f64()));
        all.push((*scenario, shortest_outside(&measured)));
    }
    add_growth(figures, &all);
    Ok(())
}

/// Adds the figures of a scenario.
fn add_figures(figures: &mut Figures, scenario: Scenario, measured: &[Measured]) -> Result<()> {
    let times = |time: fn(&Measured) -> Duration| measured.iter().map(time).collect::<Vec<_>>();
    let total = Figure::times(format!("{scenario}: in all"), &times(|measured| measured.total));
    let older = OLDER.iter().find(|(of, _)| *of == scenario);
    figures.add(match older {
        Some((_, seconds)) => total.older(*seconds),
        None => total,
    });
    let outside = Figure::times(format!("{scenario}: outside the emulator"), &times(Measured::outside));
    let in_database = in_seconds(&times(|measured| measured.in_database));
    let outside = outside.limited_by("the database alone", in_database);
    let first = measured.first().context("nothing was restored")?;
    let statements = Figure::count(format!("{scenario}: SQL statements"), first.statements);
    let calls = Figure::count(format!("{scenario}: AWS calls"), first.calls);
    let memory = measured.iter().map(|measured| number(measured.peak_memory)).collect();
    let memory = Figure::new(format!("{scenario}: peak memory"), Unit::Bytes, memory);
    if scenario == WITH_OBJECTS {
        figures.add(outside.target(0.4));
        figures.add(statements.target(16.0));
        figures.add(calls.target(350.0));
        figures.add(memory.target(40e6));
    } else {
        for figure in [outside, statements, calls, memory] {
            figures.add(figure);
        }
    }
    Ok(())
}

/// Adds how the time outside the emulator grows with the number of packages.
fn add_growth(figures: &mut Figures, all: &[(Scenario, Duration)]) {
    let time = |of: Scenario| {
        let found = all.iter().find(|(scenario, _)| *scenario == of);
        found.map(|(_, time)| time.as_secs_f64())
    };
    if let (Some(small), Some(large)) = (time(Scenario::new(1_000, 1_000)), time(WITH_OBJECTS)) {
        let exponent = (large / small).log10();
        figures.add(Figure::new("growth exponent, 1,000 to 10,000 files", Unit::Number, vec![exponent]));
    }
    if let (Some(small), Some(large)) = (time(PUBLISHED), time(MOST_PUBLISHED)) {
        let growth = large / small / 10.0;
        figures.add(Figure::multiple("time per package at 100,000, to 10,000", growth).target(1.0));
        let exponent = (large / small).log10();
        figures.add(Figure::new("growth exponent, 10,000 to 100,000 packages", Unit::Number, vec![exponent]));
    }
    if let (Some(dense), Some(sparse)) = (time(DENSE), time(SPARSE)) {
        figures.add(Figure::multiple("20,000 sparse keys, to dense ones", sparse / dense).target(3.0));
    }
}

fn shortest_outside(measured: &[Measured]) -> Duration {
    measured.iter().map(Measured::outside).min().unwrap_or_default()
}
