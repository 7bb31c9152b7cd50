//! Decides whether a figure grows without end.

use serde::Serialize;

/// The part of a series that is not judged: caches fill and connections open.
const WARM_UP: f64 = 60.0;
/// The shortest part after the warm-up that is judged.
const JUDGED: f64 = 120.0;
/// A smaller growth, as a fraction of the figure after the warm-up, is no finding.
const FRACTION: f64 = 0.1;
/// How many times the noise a growth must be.
const TIMES_NOISE: f64 = 3.0;
/// The maximum number of points that a line is fitted to, since each pair of them is compared.
const POINTS: usize = 120;

/// A figure at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Seconds since the start of the run.
    pub(super) seconds: f64,
    pub(super) value: f64,
}

/// How a figure changed during the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Growth {
    /// The median of the first minute.
    pub(super) first_minute: f64,
    /// The median of the last minute.
    pub(super) last_minute: f64,
    /// The growth after the warm-up according to the fitted line, or `None` if the run was too short.
    pub(super) trend: Option<f64>,
    /// Whether that is more than chance and noise explain.
    pub(super) grows: bool,
}

impl Growth {
    /// Judges a series in ascending order of time. `minimum` is the smallest growth that matters.
    ///
    /// The line is that of Theil and Sen (<https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator>): its slope is the
    /// median of the slopes between all pairs of points. Neither a peak nor a single step changes it, so a figure that
    /// rises once and stays there does not grow. The noise is the median distance of the points from the line.
    pub(super) fn of(samples: &[Sample], minimum: f64) -> Option<Self> {
        let (start, end) = (samples.first()?.seconds, samples.last()?.seconds);
        let within = |from: f64, to: f64| {
            let chosen = samples.iter().filter(|sample| (from..=to).contains(&sample.seconds));
            median(chosen.map(|sample| sample.value).collect())
        };
        let judged: Vec<Sample> =
            samples.iter().copied().filter(|sample| sample.seconds >= start + WARM_UP).collect();
        let line = Line::fit(&combined(&judged)).filter(|_| end - start >= WARM_UP + JUDGED);
        let trend = line.as_ref().map(|line| line.slope * (end - start - WARM_UP));
        let is_growth = |line: &Line, trend: f64| {
            let base = line.at(start + WARM_UP);
            trend > minimum && trend > base * FRACTION && trend > line.noise * TIMES_NOISE
        };
        Some(Self {
            first_minute: within(start, start + WARM_UP)?,
            last_minute: within(end - WARM_UP, end)?,
            trend,
            grows: line.zip(trend).is_some_and(|(line, trend)| is_growth(&line, trend)),
        })
    }
}

/// A line through points.
struct Line {
    slope: f64,
    intercept: f64,
    /// The median distance of the points.
    noise: f64,
}

impl Line {
    /// Returns the line, or `None` with fewer than two points.
    fn fit(points: &[Sample]) -> Option<Self> {
        let slope_between =
            |one: &Sample, other: &Sample| (other.value - one.value) / (other.seconds - one.seconds);
        let after = |index: usize| points.iter().skip(index + 1);
        let slopes = points
            .iter()
            .enumerate()
            .flat_map(|(index, one)| after(index).map(move |other| slope_between(one, other)));
        let slope = median(slopes.filter(|slope| slope.is_finite()).collect())?;
        let intercept = median(points.iter().map(|point| point.value - slope * point.seconds).collect())?;
        let mut line = Self { slope, intercept, noise: 0.0 };
        line.noise =
            median(points.iter().map(|point| (point.value - line.at(point.seconds)).abs()).collect())?;
        Some(line)
    }

    fn at(&self, seconds: f64) -> f64 {
        self.intercept + self.slope * seconds
    }
}

/// Combines neighbors in a long series, each group to its median.
fn combined(samples: &[Sample]) -> Vec<Sample> {
    let groups = samples.chunks(samples.len().div_ceil(POINTS).max(1));
    let median_of = |group: &[Sample]| {
        let seconds = median(group.iter().map(|sample| sample.seconds).collect())?;
        Some(Sample { seconds, value: median(group.iter().map(|sample| sample.value).collect())? })
    };
    groups.filter_map(median_of).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;

    use super::*;

    /// Returns samples every five seconds.
    fn series(seconds: u32, value: impl Fn(f64) -> f64) -> Vec<Sample> {
        let times = (0..seconds).step_by(5).map(f64::from);
        times.map(|seconds| Sample { seconds, value: value(seconds) }).collect()
    }

    fn grows(samples: &[Sample]) -> bool {
        Growth::of(samples, 5.0).unwrap().grows
    }

    #[test]
    fn steady_growth_is_found() {
        assert!(grows(&series(600, |seconds| 50.0 + seconds * 0.02)));
        assert!(grows(&series(600, |seconds| 50.0 + (seconds / 60.0).floor() * 2.0)), "in steps");
        assert!(!grows(&series(600, |seconds| 50.0 - seconds * 0.02)), "a figure that falls");
    }

    #[test]
    fn small_growth_is_no_finding() {
        assert!(!grows(&series(600, |seconds| 50.0 + seconds * 0.008)), "under the minimum");
        assert!(!grows(&series(600, |seconds| 500.0 + seconds * 0.02)), "under a tenth");
    }

    #[test]
    fn warm_up_a_step_and_a_peak_are_no_growth() {
        assert!(!grows(&series(600, |seconds| if seconds < 55.0 { seconds } else { 60.0 })));
        assert!(!grows(&series(600, |seconds| if seconds < 150.0 { 50.0 } else { 80.0 })));
        assert!(!grows(&series(600, |seconds| if (300.0..400.0).contains(&seconds) { 500.0 } else { 50.0 })));
    }

    #[test]
    fn noise_is_no_growth_but_growth_in_noise_is_found() {
        let mut generator = Rng::with_seed(5);
        let mut samples = series(600, |_| 50.0);
        for sample in &mut samples {
            sample.value += generator.f64() * 20.0;
        }
        assert!(!grows(&samples));
        for sample in &mut samples {
            sample.value += sample.seconds * 0.1;
        }
        assert!(grows(&samples));
    }

    #[test]
    fn short_run_is_not_judged_and_shows_both_minutes() {
        let growth = Growth::of(&series(170, |seconds| seconds), 5.0).unwrap();
        assert_eq!((growth.trend, growth.grows), (None, false));
        assert_eq!((growth.first_minute, growth.last_minute), (30.0, 135.0));
        assert_eq!(Growth::of(&[], 5.0), None);
    }

    proptest! {
        #[test]
        fn any_series_is_judged_and_a_constant_one_never_grows(values: Vec<f32>, length in 1_u32..2000, value: f32) {
            let mut samples = series(600, |_| 0.0);
            for (sample, value) in samples.iter_mut().zip(values) {
                sample.value = value.into();
            }
            Growth::of(&samples, 5.0).unwrap();
            prop_assert!(!grows(&series(length, |_| value.into())));
        }
    }
}
