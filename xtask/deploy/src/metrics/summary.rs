//! Sums up the points of a series.

use serde::Serialize;

use super::catalog::Kind;
use super::data::Point;
use super::span::Span;

/// What a series amounts to over the whole span.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Summary {
    /// Of things that are counted.
    Counter {
        /// How many there were.
        total: f64,
        /// How many there were in a minute, on average.
        per_minute: f64,
    },
    /// Of measurements of single events.
    Distribution {
        /// The median.
        p50: f64,
        /// What one in a hundred exceeds.
        p99: f64,
        /// The highest value.
        highest: f64,
    },
    /// Of a state over time.
    Level {
        /// The latest value.
        latest: f64,
        /// The highest value.
        highest: f64,
    },
    /// Of a share of all events.
    Share {
        /// The average.
        average: f64,
    },
}

/// Returns the value of each period, with gaps where it has no data.
pub(super) fn trend(points: &[Point], span: Span) -> Vec<Option<f64>> {
    let mut values = vec![None; span.periods()];
    for (time, value) in points {
        if let Some(period) = span.index_of(*time) {
            values[period] = Some(*value);
        }
    }
    values
}

/// Returns the summary of a series, or `None` without data.
///
/// `of_span` has the statistics of the whole span that the kind of metric names.
pub(super) fn summarize(
    kind: Kind,
    trend: &[Option<f64>],
    of_span: &[Option<f64>],
    span: Span,
) -> Option<Summary> {
    let values = || trend.iter().copied().flatten();
    let highest = || values().reduce(f64::max);
    match kind {
        Kind::Counter => {
            values().next()?;
            let total: f64 = values().sum();
            #[expect(clippy::cast_precision_loss, reason = "at most 455 days")]
            let minutes = span.length().num_seconds() as f64 / 60.0;
            Some(Summary::Counter { total, per_minute: total / minutes })
        }
        Kind::Level => Some(Summary::Level { latest: values().last()?, highest: highest()? }),
        Kind::Distribution => match of_span {
            [Some(p50), Some(p99), Some(highest)] => {
                Some(Summary::Distribution { p50: *p50, p99: *p99, highest: *highest })
            }
            _ => None,
        },
        Kind::Share => of_span.first().copied().flatten().map(|average| Summary::Share { average }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{Kind, Span, Summary, summarize, trend};

    fn span() -> Span {
        Span::since(TimeDelta::minutes(3), "2026-11-28T16:37:12Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn points_without_order_have_gaps_between_them() {
        let start = span().start;
        let at = |minutes| start + TimeDelta::minutes(minutes);
        // The last one is outside of the span.
        let points = [(at(2), 5.0), (at(0), 7.0), (at(9), 1.0)];
        assert_eq!(trend(&points, span()), [Some(7.0), None, Some(5.0), None]);
    }

    #[test]
    fn each_kind_is_summed_up_in_its_own_way() {
        let trend = [Some(7.0), None, Some(5.0), None];
        let of = |kind, of_span: &[Option<f64>]| summarize(kind, &trend, of_span, span());
        assert_eq!(of(Kind::Counter, &[]), Some(Summary::Counter { total: 12.0, per_minute: 3.0 }));
        assert_eq!(of(Kind::Level, &[]), Some(Summary::Level { latest: 5.0, highest: 7.0 }));
        assert_eq!(
            of(Kind::Distribution, &[Some(1.0), Some(9.0), Some(10.0)]),
            Some(Summary::Distribution { p50: 1.0, p99: 9.0, highest: 10.0 })
        );
        assert_eq!(of(Kind::Share, &[Some(0.5)]), Some(Summary::Share { average: 0.5 }));
    }

    #[test]
    fn series_without_data_has_no_summary() {
        for (kind, of_span) in [
            (Kind::Counter, vec![]),
            (Kind::Level, vec![]),
            (Kind::Distribution, vec![None, None, None]),
            (Kind::Share, vec![None]),
        ] {
            assert_eq!(summarize(kind, &[None, None], &of_span, span()), None, "{kind:?}");
        }
    }
}
