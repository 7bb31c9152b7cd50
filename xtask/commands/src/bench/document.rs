//! `docs/benchmarks.md`: the figures of a complete run, with charts.

mod bars;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use command_line::terminal;
use machine::repository;

use self::bars::{BarChart, Group};
use super::Subject;
use super::figure::{Figure, Figures, shown_excess, shown_p99, shown_spread, verdict};
use super::record::Record;
use super::unit::{Unit, times};
use crate::load::span::number;

/// The floor of the program that measured the older service, in seconds.
const OLDER_FLOOR: f64 = 190e-6;

/// Writes the page, its charts, and the figures.
pub(super) fn write(record: &Record) -> Result<()> {
    let directory = repository::root().join("docs");
    let path = directory.join("benchmarks.json");
    record.write(&path)?;
    // The last digit of a number may differ from what was written.
    let record = &Record::read(&path)?;
    let charts = charts(record);
    let texts = charts.iter().map(|chart| (chart.path(), chart.chart.to_string()));
    for (path, text) in texts.chain([(PathBuf::from("benchmarks.md"), page(record, &charts))]) {
        let path = directory.join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        terminal::say(format!("  {}", path.display()));
    }
    Ok(())
}

/// A chart of the page.
struct NamedChart {
    name: &'static str,
    description: &'static str,
    chart: BarChart,
}

impl NamedChart {
    /// Returns the path from the page.
    fn path(&self) -> PathBuf {
        PathBuf::from(format!("images/benchmarks-{}.svg", self.name))
    }
}

fn charts(record: &Record) -> Vec<NamedChart> {
    let chart = |name, description, title: &str, unit, series, groups, is_logarithmic| NamedChart {
        name,
        description,
        chart: BarChart { title: title.to_owned(), unit, series, groups, is_logarithmic },
    };
    vec![
        chart(
            "older-service",
            "Times of this service and of the older one, each without the floor of what drives it",
            "Time, logarithmic; of requests, without the floor",
            Unit::Seconds,
            vec!["this service", "the older service"],
            beside_older(record),
            true,
        ),
        chart(
            "limits",
            "Latency of each endpoint with a fast database as a multiple of its limit",
            "Latency with a fast database, as a multiple of the limit",
            Unit::Times,
            vec!["this service"],
            multiples_of_limits(record),
            false,
        ),
        chart(
            "restore",
            "Time of a restore outside the emulator and in the database, by the number of files",
            "Restore, logarithmic",
            Unit::Seconds,
            vec!["outside the emulator", "in the database"],
            restores(record),
            true,
        ),
    ]
}

/// Returns the times that the older service has too.
fn beside_older(record: &Record) -> Vec<Group> {
    let proxied = record.figure(Subject::Api, "/proxy/s3, fast database");
    let floor = proxied.and_then(|figure| Some(figure.limit.as_ref()?.measured.median));
    let group = |subject, figure: &Figure| {
        let (floor, older_floor) = if subject == Subject::Api { (floor?, OLDER_FLOOR) } else { (0.0, 0.0) };
        let values = vec![figure.measured.median - floor, figure.older? - older_floor];
        Some(Group { label: figure.name.clone(), values })
    };
    let of_subject = |figures: &Figures| {
        let timed = figures.figures.iter().filter(|figure| figure.unit == Unit::Seconds);
        timed.filter_map(|figure| group(figures.subject, figure)).collect::<Vec<_>>()
    };
    record.subjects.iter().flat_map(of_subject).collect()
}

fn multiples_of_limits(record: &Record) -> Vec<Group> {
    let group = |figure: &Figure| {
        let label = figure.name.strip_suffix(", fast database")?.to_owned();
        Some(Group { label, values: vec![figure.limit.as_ref()?.ratio.median] })
    };
    let is_near = |group: &Group| group.values.iter().all(|value| *value < 10.0);
    figures_of(record, Subject::Api).filter_map(group).filter(is_near).collect()
}

fn restores(record: &Record) -> Vec<Group> {
    let group = |figure: &Figure| {
        let label = figure.name.strip_suffix(": outside the emulator")?.to_owned();
        Some(Group { label, values: vec![figure.measured.median, figure.limit.as_ref()?.measured.median] })
    };
    figures_of(record, Subject::Restore).filter_map(group).collect()
}

fn figures_of(record: &Record, subject: Subject) -> impl Iterator<Item = &Figure> {
    let of_subject = record.subjects.iter().filter(move |figures| figures.subject == subject);
    of_subject.flat_map(|figures| &figures.figures)
}

fn page(record: &Record, charts: &[NamedChart]) -> String {
    let machine = &record.machine;
    let changes = if record.has_changes { ", with changes that were not committed" } else { "" };
    let time = record.measured_at.format("%Y-%m-%d %H:%M UTC");
    let memory = Unit::Bytes.show(number(machine.memory_bytes / 1_000_000) * 1e6);
    let mut page = format!(
        "# Benchmarks

This page is written by `cargo xtask bench --document`; [Developing](developing.md#benchmarks) describes the command, and [Profiles](profiles.md) why targets are missed.
The figures are in [benchmarks.json](benchmarks.json); `cargo xtask bench --compare docs/benchmarks.json` compares a machine or a change with them.

| | |
|---|---|
| commit | `{}`{changes} |
| time | {time} |
| processor | {}, {} cores |
| memory | {memory} |
| Linux | {} |

The limit of a figure is what is possible at best, measured in the same run by turns with the figure.
Compare machines by the ratio to the limit, not by times.
The floor of a request is the time of an event for a path that does not exist.
A target such as \"limit + 100 µs\" applies to the median of the differences, which the column \"above\" has.
The p99 is that of at least 100 measurements; the spread is the distance between the quartiles, as a share of the median.

## Beside the older service

The figures of the older service were measured once, on a machine of the same kind, by a program with a floor of 190 µs.
The floor of this command is the limit of `/proxy/s3`; the chart shows requests without the floors.
The older service signs with RSA over SHA-1 only; this service signs with EC unless an environment needs RSA.

",
        record.commit, machine.processor, machine.cores, machine.kernel
    );
    for chart in charts {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "![{}]({})", chart.description, chart.path().display());
    }
    for figures in &record.subjects {
        let _ = write!(page, "\n{}", section(figures));
    }
    page
}

fn section(figures: &Figures) -> String {
    let subject = figures.subject.to_string();
    let title = subject[..1].to_uppercase() + &subject[1..];
    let mut section = format!(
        "## {title}

| figure | median | p99 | spread | limit | ratio | above | target | verdict | older |
|---|---|---|---|---|---|---|---|---|---|
"
    );
    for figure in &figures.figures {
        let limit = figure.limit.as_ref();
        let limit_of = limit.map(|limit| {
            let value = figure.unit.show(limit.measured.median);
            format!("{value} ({})", limit.what)
        });
        let cells = [
            figure.name.clone(),
            figure.unit.show(figure.measured.median),
            shown_p99(figure),
            shown_spread(&figure.measured),
            limit_of.unwrap_or_default(),
            limit.map(|limit| times(limit.ratio.median)).unwrap_or_default(),
            shown_excess(figure),
            figure.target.as_ref().map(|target| target.show(figure.unit)).unwrap_or_default(),
            verdict(figure).to_owned(),
            figure.older.map(|older| figure.unit.show(older)).unwrap_or_default(),
        ];
        let _ = writeln!(section, "| {} |", cells.join(" | "));
    }
    section
}

#[cfg(test)]
mod tests {
    use std::fs;

    use machine::repository;

    use super::{charts, page};
    use crate::bench::record::Record;

    #[test]
    fn committed_page_shows_the_committed_figures() {
        let directory = repository::root().join("docs");
        let record = Record::read(&directory.join("benchmarks.json")).unwrap();
        let charts = charts(&record);
        let is_current = |path: &str, text: &str| fs::read_to_string(directory.join(path)).unwrap() == text;
        let help = "write it with `cargo xtask bench --document`";
        assert!(
            is_current("benchmarks.md", &page(&record, &charts)),
            "docs/benchmarks.md is out of date; {help}"
        );
        for chart in charts {
            let path = chart.path();
            assert!(
                is_current(path.to_str().unwrap(), &chart.chart.to_string()),
                "{path:?} is out of date; {help}"
            );
        }
    }
}
