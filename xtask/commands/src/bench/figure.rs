//! Measured figures, what is physically possible, and their targets.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use command_line::layout;
use serde::{Deserialize, Serialize};

use super::Subject;
use super::distribution::Distribution;
use super::unit::{Unit, times};

/// A measured figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    /// The name, which no other figure of the same subject has.
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) measured: Distribution,
    /// What is possible at best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<Target>,
    /// The same figure of the service that this one replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) older: Option<f64>,
    #[serde(skip)]
    measurements: Vec<f64>,
}

/// What is possible at best, measured by turns with the figure, so that other load affects both equally.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Limit {
    /// What it is the time, rate or size of.
    pub(super) what: String,
    pub(super) measured: Distribution,
    /// The figure as a multiple of the limit, at least about 1, for each pair of measurements.
    pub(super) ratio: Distribution,
    /// How much more than the limit the figure is, for each pair of measurements.
    pub(super) excess: Distribution,
    #[serde(skip)]
    measurements: Vec<f64>,
}

/// The value that a figure should reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// The worst value that is good enough.
    pub(super) bound: f64,
    /// How it follows from the limit, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<Rule>,
}

/// How a target follows from the limit that was measured in the same run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Rule {
    /// The limit and this much more.
    Above(f64),
    /// This multiple of the limit.
    Multiple(f64),
}

impl Figure {
    /// Returns a figure with a name and measurements in this unit.
    pub(super) fn new(name: impl Into<String>, unit: Unit, measurements: Vec<f64>) -> Self {
        let measured = Distribution::of(&measurements);
        Self { name: name.into(), unit, measured, limit: None, target: None, older: None, measurements }
    }

    /// Returns a figure with measured times.
    pub(super) fn times(name: impl Into<String>, times: &[Duration]) -> Self {
        Self::new(name, Unit::Seconds, in_seconds(times))
    }

    /// Returns a figure that is the same in each measurement.
    pub(super) fn count(name: impl Into<String>, count: u32) -> Self {
        Self::new(name, Unit::Count, vec![count.into()])
    }

    /// Returns a figure that is a multiple of something else.
    pub(super) fn multiple(name: impl Into<String>, multiple: f64) -> Self {
        Self::new(name, Unit::Times, vec![multiple])
    }

    /// Adds what is possible at best, measured as often as the figure and by turns with it.
    pub(super) fn limited_by(mut self, what: impl Into<String>, measurements: Vec<f64>) -> Self {
        self.limit = Some(Limit::new(what.into(), self.unit, &self.measurements, measurements));
        self
    }

    /// Adds a target that does not depend on the machine.
    pub(super) fn target(mut self, bound: f64) -> Self {
        self.target = Some(Target { bound, rule: None });
        self
    }

    /// Adds a target that is this much more than the limit.
    pub(super) fn target_above_limit(mut self, allowance: Duration) -> Self {
        self.set_rule(Rule::Above(allowance.as_secs_f64()));
        self
    }

    /// Adds a target that is a multiple of the limit.
    pub(super) fn target_multiple_of_limit(mut self, multiple: f64) -> Self {
        self.set_rule(Rule::Multiple(multiple));
        self
    }

    /// Adds the figure of the older service.
    pub(super) fn older(mut self, value: f64) -> Self {
        self.older = Some(value);
        self
    }

    fn set_rule(&mut self, rule: Rule) {
        self.target = self.limit.as_ref().map(|limit| Target {
            bound: match rule {
                Rule::Above(allowance) => limit.measured.median + allowance,
                Rule::Multiple(multiple) => limit.measured.median * multiple,
            },
            rule: Some(rule),
        });
    }

    /// Returns whether the figure meets its target, if there is one.
    ///
    /// A target that follows from the limit is compared with each pair of measurements, which are of the same moment.
    pub(super) fn is_met(&self) -> Option<bool> {
        let target = self.target.as_ref()?;
        let limit = self.limit.as_ref();
        Some(match (target.rule, limit) {
            (Some(Rule::Above(allowance)), Some(limit)) => limit.excess.median <= allowance,
            (Some(Rule::Multiple(multiple)), Some(limit)) => limit.ratio.median <= multiple,
            _ if self.unit.is_better_if_larger() => self.measured.median >= target.bound,
            _ => self.measured.median <= target.bound,
        })
    }

    /// Returns what is compared between runs: the ratio to the limit, which the speed of the machine hardly affects, or
    /// the figure itself.
    pub(super) fn compared(&self) -> (Unit, Distribution) {
        self.limit.as_ref().map_or((self.unit, self.measured), |limit| (Unit::Times, limit.ratio))
    }

    /// Adds the measurements of the same figure in another measurement.
    fn merge(&mut self, other: Self) {
        self.measurements.extend(other.measurements);
        self.measured = Distribution::of(&self.measurements);
        if let (Some(limit), Some(other)) = (self.limit.take(), other.limit) {
            let mut measurements = limit.measurements;
            measurements.extend(other.measurements);
            self.limit = Some(Limit::new(limit.what, self.unit, &self.measurements, measurements));
        }
        if let Some(rule) = self.target.as_ref().and_then(|target| target.rule) {
            self.set_rule(rule);
        }
    }
}

impl Limit {
    fn new(what: String, unit: Unit, measured: &[f64], measurements: Vec<f64>) -> Self {
        let ratio = |(figure, limit): (&f64, &f64)| {
            if unit.is_better_if_larger() { limit / figure } else { figure / limit }
        };
        let pairs = || measured.iter().zip(&measurements);
        Self {
            what,
            measured: Distribution::of(&measurements),
            ratio: Distribution::of(&pairs().map(ratio).collect::<Vec<_>>()),
            excess: Distribution::of(&pairs().map(|(figure, limit)| figure - limit).collect::<Vec<_>>()),
            measurements,
        }
    }
}

impl Target {
    /// Returns the target for people.
    pub(super) fn show(&self, unit: Unit) -> String {
        let sign = if unit.is_better_if_larger() { '≥' } else { '≤' };
        let bound = unit.show(self.bound);
        match self.rule {
            None => format!("{sign} {bound}"),
            Some(Rule::Above(allowance)) => format!("{sign} limit + {}", unit.show(allowance)),
            Some(Rule::Multiple(multiple)) => format!("{sign} {} limit", times(multiple)),
        }
    }
}

/// Returns times in seconds.
pub(super) fn in_seconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(Duration::as_secs_f64).collect()
}

/// The figures of a subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) subject: Subject,
    pub(super) figures: Vec<Figure>,
}

impl Figures {
    /// Returns no figures.
    pub(super) fn new(subject: Subject) -> Self {
        Self { subject, figures: Vec::new() }
    }

    /// Adds a figure.
    pub(super) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds the measurements of another measurement of the same subject.
    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        let has_same_figures = self.figures.len() == other.figures.len()
            && self.figures.iter().zip(&other.figures).all(|(one, other)| one.name == other.name);
        ensure!(has_same_figures, "two measurements of {} have different figures", self.subject);
        for (figure, other) in self.figures.iter_mut().zip(other.figures) {
            figure.merge(other);
        }
        Ok(())
    }

    /// Returns the names of the figures that miss their targets.
    pub(super) fn missed(&self) -> impl Iterator<Item = String> {
        let missed = self.figures.iter().filter(|figure| figure.is_met() == Some(false));
        missed.map(|figure| format!("{}: {}", self.subject, figure.name))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = layout::table([
            "FIGURE", "MEDIAN", "P99", "SPREAD", "LIMIT", "RATIO", "ABOVE", "TARGET", "VERDICT",
        ]);
        for figure in &self.figures {
            let measured = &figure.measured;
            let limit = figure.limit.as_ref();
            table.add_row([
                figure.name.clone(),
                figure.unit.show(measured.median),
                shown_p99(figure),
                shown_spread(measured),
                limit.map(|limit| figure.unit.show(limit.measured.median)).unwrap_or_default(),
                limit.map(|limit| times(limit.ratio.median)).unwrap_or_default(),
                shown_excess(figure),
                figure.target.as_ref().map(|target| target.show(figure.unit)).unwrap_or_default(),
                verdict(figure).to_owned(),
            ]);
        }
        write!(formatter, "{table}")
    }
}

/// Returns the 99th percentile of a figure, if there are enough measurements for one.
pub(super) fn shown_p99(figure: &Figure) -> String {
    if figure.measured.count < 100 { String::new() } else { figure.unit.show(figure.measured.p99) }
}

/// Returns the spread, if there are enough measurements for one.
pub(super) fn shown_spread(measured: &Distribution) -> String {
    if measured.count < 4 { String::new() } else { format!("{:.0} %", 100.0 * measured.spread) }
}

/// Returns how much more than the limit a figure is, if its target depends on that.
pub(super) fn shown_excess(figure: &Figure) -> String {
    let rule = figure.target.as_ref().and_then(|target| target.rule);
    match (rule, &figure.limit) {
        (Some(Rule::Above(_)), Some(limit)) => figure.unit.show(limit.excess.median),
        _ => String::new(),
    }
}

/// Returns whether a figure meets its target, for people.
pub(super) fn verdict(figure: &Figure) -> &'static str {
    match figure.is_met() {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Figure, Figures};
    use crate::bench::Subject;
    use crate::bench::unit::Unit;

    fn figure(measurements: &[f64], limits: &[f64]) -> Figure {
        Figure::new("one", Unit::Seconds, measurements.to_vec()).limited_by("floor", limits.to_vec())
    }

    #[test]
    fn target_follows_the_limit_of_the_same_run() {
        let above = |allowance| {
            figure(&[0.012], &[0.010]).target_above_limit(Duration::from_millis(allowance)).is_met()
        };
        assert_eq!((above(1), above(3)), (Some(false), Some(true)));
        let multiple = |multiple| figure(&[0.012], &[0.010]).target_multiple_of_limit(multiple).is_met();
        assert_eq!((multiple(1.1), multiple(1.3)), (Some(false), Some(true)));
        assert_eq!(figure(&[0.012], &[0.010]).is_met(), None);
    }

    #[test]
    fn rate_is_better_if_it_is_larger() {
        let rate = |bound| Figure::new("rate", Unit::PerSecond, vec![50.0]).target(bound).is_met();
        assert_eq!((rate(40.0), rate(60.0)), (Some(true), Some(false)));
        let limited = Figure::new("rate", Unit::PerSecond, vec![50.0]).limited_by("plain", vec![100.0]);
        let (unit, ratio) = limited.compared();
        assert_eq!((unit, ratio.median), (Unit::Times, 2.0));
    }

    #[test]
    fn missed_targets_are_named() {
        let mut figures = Figures::new(Subject::Restore);
        figures.add(Figure::count("calls", 350).target(350.0));
        assert_eq!(figures.missed().count(), 0);
        figures.add(Figure::count("statements", 17).target(16.0));
        assert_eq!(figures.missed().collect::<Vec<_>>(), ["restore: statements"]);
        assert!(figures.to_string().contains("MISSED"), "{figures}");
    }

    #[test]
    fn measurements_of_two_runs_are_pooled() {
        let mut figures = Figures::new(Subject::Api);
        figures.add(figure(&[2.0], &[1.0]).target_multiple_of_limit(3.0));
        let mut other = Figures::new(Subject::Api);
        other.add(figure(&[4.0, 6.0], &[1.0, 3.0]).target_multiple_of_limit(3.0));
        figures.merge(other).unwrap();
        let merged = &figures.figures[0];
        assert_eq!((merged.measured.count, merged.measured.median), (3, 4.0));
        let limit = merged.limit.as_ref().unwrap();
        let bound = merged.target.as_ref().unwrap().bound;
        assert_eq!((limit.measured.median, limit.ratio.median, bound), (1.0, 2.0, 3.0));
        assert!(figures.merge(Figures::new(Subject::Api)).is_err());
    }
}
