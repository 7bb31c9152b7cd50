//! The periods that a series of data points covers.

/// Periods of equal length that follow each other, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// When the first period begins, in Unix seconds.
    pub start: i64,
    /// The length of a period in seconds.
    pub seconds: i64,
    /// The number of periods.
    pub count: usize,
}

const MINUTE: i64 = 60;

impl Periods {
    /// Returns the last periods that include the minute of `now`.
    ///
    /// They end with a minute, not with a multiple of their length, as those of an alarm do:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>.
    pub fn until(now: i64, seconds: i64, count: usize) -> Self {
        let seconds = seconds.max(MINUTE);
        let end = (now.div_euclid(MINUTE) + 1) * MINUTE;
        let length = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(seconds);
        Self { start: end.saturating_sub(length), seconds, count }
    }

    /// Returns when each period begins.
    pub fn starts(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| {
            self.start + i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(self.seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Periods;

    #[test]
    fn last_period_includes_the_current_minute() {
        let periods = Periods::until(1_000, 300, 2);
        assert_eq!(periods.starts().collect::<Vec<_>>(), [420, 720]);
        assert_eq!(Periods::until(1_019, 300, 2), periods);
        assert_eq!(Periods::until(1_020, 300, 2).start, 480);
    }
}
