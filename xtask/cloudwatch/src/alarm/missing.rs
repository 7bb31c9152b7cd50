//! How alarms treat missing data points.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>

use std::str::FromStr;

use super::{State, UnknownName};

/// How missing data points are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingData {
    /// As within the threshold.
    NotBreaching,
    /// As breaching the threshold.
    Breaching,
    /// The state is kept.
    Ignore,
    /// They are not considered.
    Missing,
}

impl FromStr for MissingData {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "notBreaching" => Ok(Self::NotBreaching),
            "breaching" => Ok(Self::Breaching),
            "ignore" => Ok(Self::Ignore),
            "missing" => Ok(Self::Missing),
            _ => Err(UnknownName(format!("treatment of missing data {text}"))),
        }
    }
}

/// The number of periods beyond those of an alarm that CloudWatch looks at.
///
/// The documentation only says that there are more, and has examples with two.
const MORE_PERIODS: usize = 2;

/// Returns the number of periods that CloudWatch looks at.
pub(super) const fn evaluation_range(evaluation_periods: usize) -> usize {
    evaluation_periods.saturating_add(MORE_PERIODS)
}

/// Returns the state for data points of the evaluation range, oldest first: whether each is breaching, or none where it is
/// missing. Returns none if the state is kept.
pub(super) fn state(
    data_points: &[Option<bool>],
    evaluation_periods: usize,
    datapoints_to_alarm: usize,
    treatment: MissingData,
) -> Option<State> {
    let known: Vec<bool> = data_points.iter().copied().flatten().collect();
    let decide = |breaching: usize| {
        if breaching >= datapoints_to_alarm { State::Alarm } else { State::Ok }
    };
    let count = |points: &[bool]| points.iter().filter(|is_breaching| **is_breaching).count();
    // Enough data points are there, so missing ones do not matter.
    if known.len() >= evaluation_periods {
        return Some(decide(count(&known[known.len() - evaluation_periods..])));
    }
    let filled = evaluation_periods - known.len();
    if treatment == MissingData::Breaching {
        return Some(decide(count(&known) + filled));
    }
    let is_undecided = known.is_empty() || is_breaching_since(data_points, datapoints_to_alarm);
    match treatment {
        MissingData::Ignore if is_undecided => None,
        MissingData::Missing if known.is_empty() => Some(State::InsufficientData),
        MissingData::Missing if is_undecided => Some(State::Alarm),
        _ => Some(decide(count(&known))),
    }
}

/// Returns whether the oldest data point is breaching, is as old as the number of data points to alarm, and is followed by
/// breaching and missing ones only.
///
/// Such an alarm becomes active although too few data points are breaching:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html#CloudWatch-alarms-avoiding-premature-transition>.
fn is_breaching_since(data_points: &[Option<bool>], datapoints_to_alarm: usize) -> bool {
    let oldest = data_points.iter().position(Option::is_some);
    oldest.is_some_and(|oldest| {
        data_points.len() - oldest >= datapoints_to_alarm
            && data_points.iter().flatten().all(|is_breaching| *is_breaching)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MissingData, State, state};

    const TREATMENTS: [MissingData; 4] =
        [MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching];
    const ALARM: Option<State> = Some(State::Alarm);
    const OK: Option<State> = Some(State::Ok);
    const KEPT: Option<State> = None;
    const INSUFFICIENT: Option<State> = Some(State::InsufficientData);

    /// Reads data points as the documentation shows them: 0 is not breaching, X is breaching, - is missing.
    fn read(text: &str) -> Vec<Option<bool>> {
        let read = |point| match point {
            "0" => Some(false),
            "X" => Some(true),
            _ => None,
        };
        text.split(' ').map(read).collect()
    }

    fn check(datapoints_to_alarm: usize, rows: &[(&str, [Option<State>; 4])]) {
        for (points, expected) in rows {
            let states = TREATMENTS.map(|treatment| state(&read(points), 3, datapoints_to_alarm, treatment));
            assert_eq!(states, *expected, "{points}");
        }
    }

    /// The columns are: missing, ignore, breaching, not breaching.
    #[test]
    fn documented_cases_of_three_out_of_three() {
        check(
            3,
            &[
                ("0 - X - X", [OK, OK, OK, OK]),
                ("0 - - - -", [OK, OK, OK, OK]),
                ("- - - - -", [INSUFFICIENT, KEPT, ALARM, OK]),
                ("0 X X - X", [ALARM, ALARM, ALARM, ALARM]),
                ("- - X - -", [ALARM, KEPT, ALARM, OK]),
            ],
        );
    }

    #[test]
    fn documented_cases_of_two_out_of_three() {
        check(
            2,
            &[
                ("0 - X - X", [ALARM, ALARM, ALARM, ALARM]),
                ("0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]),
                ("0 - X - -", [OK, OK, ALARM, OK]),
                ("- - - - 0", [OK, OK, ALARM, OK]),
                ("- - - X -", [ALARM, KEPT, ALARM, OK]),
            ],
        );
    }

    #[test]
    fn alarm_does_not_become_active_prematurely() {
        for points in ["- - - - X", "- - - X -"] {
            assert_eq!(state(&read(points), 3, 3, MissingData::Missing), OK, "{points}");
        }
    }

    proptest! {
        #[test]
        fn without_missing_data_the_treatment_does_not_matter(points in proptest::collection::vec(any::<bool>(), 5)) {
            let points: Vec<_> = points.into_iter().map(Some).collect();
            let states = TREATMENTS.map(|treatment| state(&points, 3, 2, treatment));
            prop_assert!(states.iter().all(|state| *state == states[0]));
        }

        #[test]
        fn only_an_alarm_that_ignores_missing_data_keeps_its_state(
            points in proptest::collection::vec(any::<Option<bool>>(), 0..8),
            periods in 1..6_usize,
        ) {
            for treatment in TREATMENTS {
                let found = state(&points, periods, periods, treatment);
                prop_assert!(found.is_some() || treatment == MissingData::Ignore);
            }
        }
    }
}
