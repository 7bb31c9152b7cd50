//! The span of time that metrics are read for.

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

/// The lengths of a period, in seconds.
const PERIODS: [i64; 14] =
    [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000];

/// The largest number of periods in a span. The last one has only begun.
const MAXIMUM_PERIODS: i64 = 32;

/// How long CloudWatch keeps metrics. It keeps long periods longer than short ones, and the periods of a long span are
/// long enough: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>.
const RETENTION: TimeDelta = TimeDelta::days(455);

/// A span of time, divided into periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The beginning of the first period.
    pub start: DateTime<Utc>,
    /// The end of the last period, at most one period after now.
    pub end: DateTime<Utc>,
    /// The length of a period.
    #[serde(rename = "period_seconds", serialize_with = "seconds")]
    pub period: TimeDelta,
}

fn seconds<S: Serializer>(span: &TimeDelta, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_i64(span.num_seconds())
}

impl Span {
    /// Returns the span that ends now.
    pub fn since(span: TimeDelta, now: DateTime<Utc>) -> Result<Self> {
        if span < TimeDelta::minutes(1) || span > RETENTION {
            bail!("CloudWatch has metrics per minute, and of the last {} days", RETENTION.num_days());
        }
        let period = PERIODS.into_iter().find(|period| period * MAXIMUM_PERIODS >= span.num_seconds());
        let period = period.unwrap_or(PERIODS[PERIODS.len() - 1]);
        // CloudWatch begins the first period with the start, and responds faster if the start is a multiple of the period.
        let start = (now - span).timestamp().div_euclid(period) * period;
        let end = (now.timestamp().div_euclid(period) + 1) * period;
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(now);
        Ok(Self { start: time(start), end: time(end), period: TimeDelta::seconds(period) })
    }

    /// Returns the last hour, to the minute.
    pub(crate) fn last_hour(now: DateTime<Utc>) -> Self {
        let end = DateTime::from_timestamp((now.timestamp().div_euclid(60) + 1) * 60, 0).unwrap_or(now);
        let period = TimeDelta::hours(1);
        Self { start: end - period, end, period }
    }

    /// Returns the length of the span.
    pub(crate) fn length(self) -> TimeDelta {
        self.end - self.start
    }

    /// Returns the number of periods.
    pub(super) fn periods(self) -> usize {
        let periods = self.length().num_seconds() / self.period.num_seconds().max(1);
        usize::try_from(periods).unwrap_or_default()
    }

    /// Returns the number of the period that a time is in.
    pub(super) fn index_of(self, time: DateTime<Utc>) -> Option<usize> {
        let index = (time - self.start).num_seconds().div_euclid(self.period.num_seconds().max(1));
        usize::try_from(index).ok().filter(|index| *index < self.periods())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::Span;

    fn now() -> DateTime<Utc> {
        "2026-11-28T16:37:12Z".parse().unwrap()
    }

    #[test]
    fn periods_are_whole_minutes_and_few() {
        for (span, period, periods) in [
            (TimeDelta::minutes(1), 60, 2),
            (TimeDelta::minutes(15), 60, 16),
            (TimeDelta::hours(1), 120, 31),
            (TimeDelta::hours(3), 600, 19),
            (TimeDelta::days(1), 3600, 25),
            (TimeDelta::days(7), 21_600, 29),
            (TimeDelta::days(455), 2_592_000, 16),
        ] {
            let found = Span::since(span, now()).unwrap();
            assert_eq!((found.period.num_seconds(), found.periods()), (period, periods), "{span}");
            assert!(found.start <= now() - span && found.end > now(), "{span}");
            assert_eq!(found.start.timestamp() % period, 0, "{span}");
        }
    }

    #[test]
    fn span_is_kept_by_cloudwatch() {
        assert!(Span::since(TimeDelta::days(456), now()).is_err());
        assert!(Span::since(TimeDelta::seconds(59), now()).is_err());
    }

    #[test]
    fn time_is_in_one_period() {
        let span = Span::since(TimeDelta::minutes(15), now()).unwrap();
        assert_eq!(span.index_of(span.start), Some(0));
        assert_eq!(span.index_of(now()), Some(15));
        assert_eq!(span.index_of(span.end), None);
        assert_eq!(span.index_of(span.start - TimeDelta::seconds(1)), None);
    }

    #[test]
    fn last_hour_is_one_period() {
        let hour = Span::last_hour(now());
        assert_eq!((hour.periods(), hour.end), (1, "2026-11-28T16:38:00Z".parse().unwrap()));
    }
}
