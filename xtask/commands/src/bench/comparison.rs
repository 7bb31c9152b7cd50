//! Compares figures with those of an earlier run.

use std::fmt;

use command_line::layout;

use super::distribution::Distribution;
use super::figure::{Figure, Figures};
use super::record::Record;
use super::unit::Unit;

/// How much worse a figure may be than before.
const TOLERANCE: f64 = 1.15;
/// How many measurements it takes to say that a figure is worse, unless each measurement gives the same.
const LEAST_MEASUREMENTS: usize = 3;

/// The comparison of figures with those of an earlier run.
pub(super) struct Comparison(Vec<Row>);

/// The comparison of a figure.
struct Row {
    name: String,
    unit: Unit,
    before: f64,
    now: f64,
    /// The figure as a multiple of the earlier one, with its 95 % confidence interval. Above 1 is worse.
    change: Change,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    median: f64,
    low: f64,
    high: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Not worse by more than the tolerance.
    Same,
    /// Better by more than the tolerance.
    Faster,
    /// Worse by more than the tolerance.
    Slower,
    /// The interval is too wide to say.
    Unknown,
}

impl Comparison {
    /// Compares the figures that both runs have.
    pub(super) fn new(before: &Record, now: &Figures) -> Self {
        let rows = now.figures.iter().filter_map(|figure| {
            let before = before.figure(now.subject, &figure.name)?;
            (before.compared().0 == figure.compared().0)
                .then(|| Row::new(format!("{}: {}", now.subject, figure.name), before, figure))
        });
        Self(rows.collect())
    }

    /// Returns whether measuring again would say no more.
    ///
    /// A figure is worse only if two measurements say so, because the machine may have been busy during the first one.
    pub(super) fn is_decided(&self, measurements: u32) -> bool {
        self.0.iter().all(|row| match row.verdict {
            Verdict::Same | Verdict::Faster => true,
            Verdict::Slower => measurements > 1 || row.is_exact(),
            Verdict::Unknown => false,
        })
    }

    /// Returns whether a figure is worse by more than the tolerance.
    pub(super) fn has_regression(&self) -> bool {
        self.0.iter().any(|row| row.verdict == Verdict::Slower)
    }

    /// Returns the comparison with all rows of another one.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl Row {
    fn new(name: String, before: &Figure, now: &Figure) -> Self {
        let (unit, measured) = now.compared();
        let (_, earlier) = before.compared();
        let change = Change::new(unit, &earlier, &measured);
        let has_enough = unit.is_exact() || measured.count >= LEAST_MEASUREMENTS;
        let verdict = if change.high < 1.0 / TOLERANCE {
            Verdict::Faster
        } else if change.high <= TOLERANCE {
            Verdict::Same
        } else if change.low > TOLERANCE && has_enough {
            Verdict::Slower
        } else {
            Verdict::Unknown
        };
        Self { name, unit, before: earlier.median, now: measured.median, change, verdict }
    }

    fn is_exact(&self) -> bool {
        self.unit.is_exact()
    }
}

impl Change {
    fn new(unit: Unit, before: &Distribution, now: &Distribution) -> Self {
        // Nothing is not worse than nothing.
        let ratio = |now: f64, before: f64| if now <= before && now <= 0.0 { 1.0 } else { now / before };
        let (from, to) = (before.interval, now.interval);
        if unit.is_better_if_larger() {
            Self {
                median: ratio(before.median, now.median),
                low: ratio(from.low, to.high),
                high: ratio(from.high, to.low),
            }
        } else {
            Self {
                median: ratio(now.median, before.median),
                low: ratio(to.low, from.high),
                high: ratio(to.high, from.low),
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = layout::table(["FIGURE", "BEFORE", "NOW", "CHANGE", "95 % INTERVAL", "VERDICT"]);
        let percent = |multiple: f64| format!("{:+.0} %", 100.0 * (multiple - 1.0));
        for row in &self.0 {
            let Change { median, low, high } = row.change;
            table.add_row([
                row.name.clone(),
                row.unit.show(row.before),
                row.unit.show(row.now),
                percent(median),
                format!("{} to {}", percent(low), percent(high)),
                row.verdict.to_string(),
            ]);
        }
        write!(formatter, "{table}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Same => "same",
            Self::Faster => "better",
            Self::Slower => "WORSE",
            Self::Unknown => "interval too wide",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Verdict};
    use crate::bench::Subject;
    use crate::bench::figure::{Figure, Figures};
    use crate::bench::record::Record;
    use crate::bench::unit::Unit;

    fn figures(figure: Figure) -> Figures {
        let mut figures = Figures::new(Subject::Signing);
        figures.add(figure);
        figures
    }

    fn verdict(before: Figure, now: Figure) -> Verdict {
        let before = Record::for_test(vec![figures(before)]);
        Comparison::new(&before, &figures(now)).0[0].verdict
    }

    fn times(center: f64, deviation: f64) -> Figure {
        let measurements = (0..100).map(|number| center + deviation * (f64::from(number) / 50.0 - 1.0));
        Figure::new("a signature", Unit::Seconds, measurements.collect())
    }

    #[test]
    fn change_beyond_the_tolerance_is_worse_or_better() {
        assert_eq!(verdict(times(1.0, 0.1), times(1.05, 0.1)), Verdict::Same);
        assert_eq!(verdict(times(1.0, 0.1), times(1.4, 0.1)), Verdict::Slower);
        assert_eq!(verdict(times(1.4, 0.1), times(1.0, 0.1)), Verdict::Faster);
    }

    #[test]
    fn wide_interval_is_not_decided() {
        assert_eq!(verdict(times(1.0, 0.9), times(1.2, 0.9)), Verdict::Unknown);
        let once = |time| Figure::new("a signature", Unit::Seconds, vec![time]);
        assert_eq!(verdict(once(1.0), once(2.0)), Verdict::Unknown);
    }

    #[test]
    fn ratio_to_the_limit_is_compared_where_there_is_one() {
        // The second machine is half as fast.
        let before = times(1.0, 0.1).limited_by("floor", vec![0.5; 100]);
        let now = times(2.0, 0.1).limited_by("floor", vec![1.0; 100]);
        assert_eq!(verdict(before, now), Verdict::Same);
    }

    #[test]
    fn smaller_rate_is_worse() {
        let rate = |rate| Figure::new("requests", Unit::PerSecond, vec![rate; 5]);
        assert_eq!(verdict(rate(100.0), rate(50.0)), Verdict::Slower);
        assert_eq!(verdict(rate(50.0), rate(100.0)), Verdict::Faster);
    }

    #[test]
    fn regression_is_confirmed_by_a_second_measurement() {
        let before = Record::for_test(vec![figures(times(1.0, 0.1))]);
        let comparison = Comparison::new(&before, &figures(times(2.0, 0.1)));
        assert!(comparison.has_regression());
        assert!(!comparison.is_decided(1) && comparison.is_decided(2));
        let before = Record::for_test(vec![figures(Figure::count("calls", 10))]);
        assert!(Comparison::new(&before, &figures(Figure::count("calls", 20))).is_decided(1));
    }

    #[test]
    fn figure_that_only_one_run_has_is_not_compared() {
        let before = Record::for_test(vec![figures(Figure::count("calls", 10))]);
        let comparison = Comparison::new(&before, &figures(Figure::count("statements", 20)));
        assert!(!comparison.has_regression() && comparison.is_decided(1));
    }
}
