//! A folder to restore, and what its restore takes.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use faults::trial::{Delivery, Package, Place, Trial};
use faults::{Fate, Service};

/// A folder to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) struct Scenario {
    /// The number of files in it.
    files: usize,
    /// How many of them have objects. The others are published.
    pub(super) with_objects: usize,
    /// Whether a live object follows each object of a file.
    is_sparse: bool,
    /// The delay added to every round trip to the database.
    round_trip: Duration,
}

/// The measurements of a restore.
pub(super) struct Measured {
    pub(super) total: Duration,
    in_aws: Duration,
    pub(super) in_database: Duration,
    pub(super) statements: u32,
    pub(super) calls: u32,
    pub(super) peak_memory: u64,
}

impl Measured {
    /// Returns the time during which no request to the emulator was in progress.
    pub(super) fn outside(&self) -> Duration {
        self.total.saturating_sub(self.in_aws)
    }
}

impl Scenario {
    /// Returns a folder with this many files. Objects of files are next to each other.
    pub(in crate::bench) const fn new(files: usize, with_objects: usize) -> Self {
        Self { files, with_objects, is_sparse: false, round_trip: Duration::ZERO }
    }

    /// Returns the folder with other objects between those of its files.
    pub(super) const fn sparse(self) -> Self {
        Self { is_sparse: true, ..self }
    }

    /// Returns the folder with a database that is this far away.
    pub(super) const fn distant(self, round_trip: Duration) -> Self {
        Self { round_trip, ..self }
    }

    fn packages(self) -> Vec<Package> {
        let file = |number| {
            let name = file_name(number);
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
    pub(in crate::bench) async fn measure(self, place: &Place) -> Result<Duration> {
        let trial = Trial::prepare(place).await?;
        let measured = self.run(&trial, false).await?;
        trial.end().await;
        Ok(measured.total)
    }

    /// Restores the folder, and records the statements if asked to.
    pub(super) async fn run(self, trial: &Trial, record: bool) -> Result<Measured> {
        let packages = self.packages();
        let dataset = trial.dataset(&packages).await?;
        if self.is_sparse {
            let neighbors = (0..self.with_objects).map(|number| format!("0/{}.json", file_name(number)));
            trial.put_live_objects(&dataset, neighbors).await?;
        }
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
            statements: trial.faults.calls(Service::Database),
            calls: trial.faults.calls(Service::Aws),
            peak_memory: trial.peak_memory().await?,
        };
        let state = trial.end_state(&dataset, &packages).await?;
        let ready = state.packages.iter().filter(|package| package.state == "READY").count();
        ensure!(ready == packages.len(), "{ready} of {} packages are READY", packages.len());
        let events = trial.take_changelog().await?;
        ensure!(events.len() == packages.len(), "{} events for {} packages", events.len(), packages.len());
        Ok(measured)
    }
}

fn file_name(number: usize) -> String {
    format!("sub-{number:06}_task-rest_eeg.edf")
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.with_objects, self.is_sparse) {
            (0, _) => "published files",
            (_, true) => "files with sparse keys",
            (_, false) => "files",
        };
        write!(formatter, "{} {kind}", self.files)?;
        if !self.round_trip.is_zero() {
            write!(formatter, ", {:.1} ms a round trip", self.round_trip.as_secs_f64() * 1e3)?;
        }
        Ok(())
    }
}
