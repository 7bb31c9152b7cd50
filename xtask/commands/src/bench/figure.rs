//! Measured figures and their limits.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use command_line::layout;

/// All figures of a measurement.
#[derive(Default)]
pub(super) struct Figures(Vec<Figure>);

struct Figure {
    what: String,
    measured: String,
    limit: Option<String>,
    holds: bool,
}

impl Figures {
    /// Adds a figure without a limit.
    pub(super) fn note(&mut self, what: impl Into<String>, measured: impl fmt::Display) {
        let measured = measured.to_string();
        self.0.push(Figure { what: what.into(), measured, limit: None, holds: true });
    }

    /// Adds a figure with an upper limit.
    pub(super) fn at_most<T: PartialOrd>(
        &mut self,
        what: impl Into<String>,
        measured: T,
        limit: T,
        show: impl Fn(T) -> String,
    ) {
        let holds = measured <= limit;
        let (measured, limit) = (show(measured), Some(format!("≤ {}", show(limit))));
        self.0.push(Figure { what: what.into(), measured, limit, holds });
    }

    /// Adds a figure with a lower limit.
    pub(super) fn at_least<T: PartialOrd>(
        &mut self,
        what: impl Into<String>,
        measured: T,
        limit: T,
        show: impl Fn(T) -> String,
    ) {
        let holds = measured >= limit;
        let (measured, limit) = (show(measured), Some(format!("≥ {}", show(limit))));
        self.0.push(Figure { what: what.into(), measured, limit, holds });
    }

    /// Returns an error if a limit was missed.
    pub(super) fn verdict(&self) -> Result<()> {
        let missed: Vec<&str> =
            self.0.iter().filter(|figure| !figure.holds).map(|figure| figure.what.as_str()).collect();
        if missed.is_empty() {
            return Ok(());
        }
        bail!("missed: {}; measure again on an idle machine", missed.join(", "));
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = layout::table(["FIGURE", "MEASURED", "LIMIT", ""]);
        for figure in &self.0 {
            let limit = figure.limit.clone().unwrap_or_default();
            let verdict = match (&figure.limit, figure.holds) {
                (None, _) => "",
                (Some(_), true) => "holds",
                (Some(_), false) => "MISSED",
            };
            table.add_row([figure.what.as_str(), &figure.measured, &limit, verdict]);
        }
        write!(formatter, "{table}")
    }
}

/// Returns the median of the measurements.
pub(super) fn median<T: Ord + Copy + Default>(measurements: &mut [T]) -> T {
    measurements.sort_unstable();
    measurements.get(measurements.len() / 2).copied().unwrap_or_default()
}

/// Returns the time that this percentage of sorted times does not exceed, or zero without any.
pub(super) fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Formats a time in milliseconds.
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// Formats a size in megabytes.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Figures, median, quantile};

    #[test]
    fn a_missed_limit_fails_by_name() {
        let mut figures = Figures::default();
        figures.at_most("one", 1, 1, |one| one.to_string());
        figures.at_least("ratio", 50, 50, |ratio| ratio.to_string());
        assert!(figures.verdict().is_ok());
        figures.at_most("other", 2, 1, |other| other.to_string());
        assert!(figures.verdict().is_err_and(|error| error.to_string().starts_with("missed: other;")));
        assert!(figures.to_string().contains("MISSED"));
    }

    #[test]
    fn quantile_is_the_smallest_time_that_enough_do_not_exceed() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!([50, 99, 100].map(|percent| quantile(&times, percent).as_millis()), [100, 198, 200]);
        assert_eq!(quantile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&mut [5, 1, 9]), 5);
        assert_eq!(median::<u8>(&mut []), 0);
    }
}
