//! The file with the figures of a run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SubsecRound as _, Utc};
use machine::repository;
use serde::{Deserialize, Serialize};

use super::Subject;
use super::figure::{Figure, Figures};

/// The version of the format.
const VERSION: u32 = 1;

/// The figures of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    /// The commit that was measured.
    pub(super) commit: String,
    /// Whether the source had changes that the commit does not contain.
    pub(super) has_changes: bool,
    pub(super) measured_at: DateTime<Utc>,
    pub(super) machine: Machine,
    /// Whether fewer measurements were made.
    pub(super) is_quick: bool,
    pub(super) subjects: Vec<Figures>,
}

/// The machine of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Machine {
    /// The model of the processor, as the system names it.
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_bytes: u64,
    /// The version of Linux.
    pub(super) kernel: String,
}

impl Record {
    /// Returns a record of the source and the machine at this time, without figures.
    pub(super) fn begin(is_quick: bool) -> Result<Self> {
        Ok(Self {
            version: VERSION,
            commit: git(&["rev-parse", "--short=10", "HEAD"])?,
            has_changes: !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
            measured_at: Utc::now().trunc_subsecs(0),
            machine: Machine::read()?,
            is_quick,
            subjects: Vec::new(),
        })
    }

    /// Reads the file of a run.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let help = || format!("cannot read {}; `cargo xtask bench --json FILE` writes it", path.display());
        let record: Self = serde_json::from_slice(&fs::read(path).with_context(help)?).with_context(help)?;
        ensure!(
            record.version == VERSION,
            "{} has another format, {}; measure again",
            path.display(),
            record.version
        );
        Ok(record)
    }

    /// Writes the file.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Returns the figure of a subject with this name.
    pub(super) fn figure(&self, subject: Subject, name: &str) -> Option<&Figure> {
        let mut figures = self.subjects.iter().filter(|figures| figures.subject == subject);
        figures.find_map(|figures| figures.figures.iter().find(|figure| figure.name == name))
    }

    #[cfg(test)]
    pub(super) fn for_test(subjects: Vec<Figures>) -> Self {
        Self {
            version: VERSION,
            commit: "0123456789".to_owned(),
            has_changes: false,
            measured_at: DateTime::UNIX_EPOCH,
            machine: Machine {
                processor: "Processor".to_owned(),
                cores: 2,
                memory_bytes: 8_000_000_000,
                kernel: "6.1".to_owned(),
            },
            is_quick: false,
            subjects,
        }
    }
}

impl Machine {
    fn read() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
        let processors = read("/proc/cpuinfo")?;
        let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let memory = read("/proc/meminfo")?;
        let total =
            memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
        let kibibytes: u64 = total.context("/proc/meminfo has no MemTotal")?.parse()?;
        Ok(Self {
            processor: model.map_or("unknown", |(_, model)| model.trim()).to_owned(),
            cores: std::thread::available_parallelism().context("the number of cores is unknown")?.get(),
            memory_bytes: kibibytes * 1024,
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        })
    }
}

fn git(arguments: &[&str]) -> Result<String> {
    let mut command = std::process::Command::new("git");
    let output = command.args(arguments).current_dir(repository::root()).output();
    let output = output.context("git cannot be started")?;
    ensure!(output.status.success(), "`git {}` failed", arguments.join(" "));
    Ok(String::from_utf8(output.stdout).context("git did not print text")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::bench::Subject;
    use crate::bench::figure::{Figure, Figures};
    use crate::bench::unit::Unit;

    #[test]
    fn record_is_read_as_it_was_written() {
        let mut figures = Figures::new(Subject::Edge);
        let rate = Figure::new("objects", Unit::PerSecond, vec![100.0, 110.0, 120.0]);
        figures.add(rate.limited_by("plain server", vec![200.0, 210.0, 220.0]).target(90.0).older(10.0));
        let mut record = Record::begin(true).unwrap();
        record.subjects.push(figures);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        record.write(&path).unwrap();
        let read = Record::read(&path).unwrap();
        assert_eq!(read.commit, record.commit);
        assert_eq!(read.measured_at, record.measured_at);
        assert!(read.is_quick);
        let objects = read.figure(Subject::Edge, "objects").unwrap();
        assert_eq!((objects.measured.count, objects.measured.median, objects.older), (3, 110.0, Some(10.0)));
        assert_eq!(objects.is_met(), Some(true));
        assert!(read.figure(Subject::Edge, "ranges").is_none());
        assert!(Record::read(directory.path()).is_err());
    }
}
