//! Observes the running stack: what its processes use, how many connections its database has, and its functions.

mod database;
mod functions;
mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::StackFile;
use machine::directory::StateDirectory;
use machine::process::running;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use self::database::Database;
use self::functions::{Functions, functions_used};
use self::process::Usage;
use super::growth::Sample;

pub(super) use self::functions::FunctionUse;

/// How often everything is read.
const INTERVAL: Duration = Duration::from_secs(5);

/// What a series is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    /// The process, or the database.
    pub(super) name: String,
    pub(super) quantity: Quantity,
}

/// What is observed of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Quantity {
    /// Resident memory in megabytes.
    Memory,
    /// Open file handles.
    Handles,
    Threads,
    /// Connections of clients.
    Connections,
}

/// Everything that was observed.
#[derive(Default)]
pub(super) struct Observed {
    pub(super) series: BTreeMap<Subject, Vec<Sample>>,
    pub(super) functions: Vec<FunctionUse>,
}

/// Reads the state of a running stack.
pub(super) struct Observer {
    state: PathBuf,
    database: Database,
    functions: Functions,
}

impl Quantity {
    /// All quantities, in the order of tables.
    pub(super) const ALL: [Self; 4] = [Self::Memory, Self::Handles, Self::Threads, Self::Connections];

    /// Returns the name and unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory, MB",
            Self::Handles => "file handles",
            Self::Threads => "threads",
            Self::Connections => "connections",
        }
    }

    /// Returns the smallest growth that matters.
    ///
    /// How many handles are open depends on how many requests are in progress, which changes with the machine's load.
    pub(super) fn minimum_growth(self) -> f64 {
        match self {
            Self::Memory | Self::Threads | Self::Connections => 5.0,
            Self::Handles => 20.0,
        }
    }

    /// Returns the heading of a column.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Memory => "MEMORY, MB",
            Self::Handles => "FILE HANDLES",
            Self::Threads => "THREADS",
            Self::Connections => "CONNECTIONS",
        }
    }
}

impl Observer {
    /// Connects to the stack that `stack_file` describes.
    pub(super) async fn connect(http: &reqwest::Client, path: &Path, stack: &StackFile) -> Result<Self> {
        let state = path.parent().context("stack.json is in no directory")?.to_owned();
        let functions = Functions::new(http.clone(), &stack.console_url);
        Ok(Self { state, database: Database::connect(&stack.database_url).await?, functions })
    }

    /// Observes until it is stopped, at least at the start and at the end.
    ///
    /// What cannot be read at a time has no sample then: a busy stack must not end the run.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<Observed> {
        let start = Instant::now();
        let mut series = BTreeMap::<Subject, Vec<Sample>>::new();
        let before = self.functions.read().await?;
        let mut most_instances = BTreeMap::new();
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let after = loop {
            let is_last = tokio::select! {
                biased;
                // A dropped sender also means the end.
                _ = stop.wait_for(|stopped| *stopped) => true,
                _ = ticks.tick() => false,
            };
            let seconds = start.elapsed().as_secs_f64();
            for (subject, value) in self.sample().await {
                series.entry(subject).or_default().push(Sample { seconds, value });
            }
            let functions = self.functions.read().await;
            for (name, function) in functions.iter().flatten() {
                let most: &mut usize = most_instances.entry(name.clone()).or_default();
                *most = function.instances().max(*most);
            }
            if is_last {
                break functions?;
            }
        };
        self.database.close().await;
        Ok(Observed { series, functions: functions_used(&before, &after, &most_instances) })
    }

    async fn sample(&mut self) -> Vec<(Subject, f64)> {
        let mut samples = Vec::new();
        let subject = |name: &str, quantity| Subject { name: name.to_owned(), quantity };
        for (name, pid) in self.processes().await {
            if let Some(Usage { megabytes, handles, threads }) = Usage::read(pid).await {
                samples.push((subject(&name, Quantity::Memory), megabytes));
                samples.push((subject(&name, Quantity::Handles), f64::from(handles)));
                samples.push((subject(&name, Quantity::Threads), f64::from(threads)));
            }
        }
        let connections = self.database.connections().await.map(f64::from);
        samples.extend(connections.map(|count| (subject("database", Quantity::Connections), count)));
        samples
    }

    /// Returns name and id of the stack's own process, of the emulator, and of each instance of a function.
    async fn processes(&self) -> Vec<(String, u32)> {
        let own = StateDirectory::owner(&self.state).map(|pid| ("stack".to_owned(), pid));
        let mut processes: Vec<_> = own.into_iter().collect();
        for recorded in running(&self.state).await {
            if recorded.name == "emulator" {
                processes.push((recorded.name, recorded.pid));
            } else if recorded.name.starts_with("function-") {
                let function = process::function_name(recorded.pid).await;
                processes.push((format!("{} {}", function.unwrap_or_default(), recorded.pid), recorded.pid));
            }
        }
        processes
    }
}
