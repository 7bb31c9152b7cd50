//! Numbers within the range that AWS accepts.

use serde::{Deserialize, Serialize};

use super::property::leaves;

/// A number between `MINIMUM` and `MAXIMUM`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Number<const MINIMUM: u32, const MAXIMUM: u32>(u32);

impl<const MINIMUM: u32, const MAXIMUM: u32> Number<MINIMUM, MAXIMUM> {
    /// Returns a constant. One out of range does not compile.
    pub(crate) const fn of<const NUMBER: u32>() -> Self {
        const { assert!(MINIMUM <= NUMBER && NUMBER <= MAXIMUM, "AWS does not accept this number") };
        Self(NUMBER)
    }

    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<const MINIMUM: u32, const MAXIMUM: u32> TryFrom<u32> for Number<MINIMUM, MAXIMUM> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (MINIMUM..=MAXIMUM).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is not between {MINIMUM} and {MAXIMUM}"))
        }
    }
}

impl<const MINIMUM: u32, const MAXIMUM: u32> super::property::PropertyValue for Number<MINIMUM, MAXIMUM> {
    const PROPERTIES: &'static [super::property::Property] = &[];
}

/// The number of days that a log group keeps logs, one of those that CloudWatch Logs accepts:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct LogRetentionDays(u32);

impl LogRetentionDays {
    const ACCEPTED: [u32; 23] = [
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
        3653, 3654,
    ];

    /// Returns a constant. One that is not accepted does not compile.
    pub(crate) const fn of<const DAYS: u32>() -> Self {
        const {
            let mut index = 0;
            while index < Self::ACCEPTED.len() && Self::ACCEPTED[index] != DAYS {
                index += 1;
            }
            assert!(index < Self::ACCEPTED.len(), "CloudWatch Logs does not accept this number of days");
        }
        Self(DAYS)
    }
}

/// The period of a metric in seconds: 10, 20, 30, or a multiple of 60 up to a week.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Period(u32);

impl Period {
    /// Returns a number of minutes.
    pub(crate) const fn minutes<const MINUTES: u32>() -> Self {
        const { assert!(1 <= MINUTES && MINUTES <= 7 * 24 * 60, "CloudWatch does not accept this period") };
        Self(MINUTES * 60)
    }

    /// Returns the number of seconds.
    pub(crate) const fn seconds(self) -> u32 {
        self.0
    }
}

leaves!(LogRetentionDays, Period);

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn number_out_of_range_is_rejected() {
        type Memory = Number<128, 10_240>;
        for accepted in [128, 1024, 10_240] {
            let number: Memory = serde_json::from_value(accepted.into()).unwrap();
            assert_eq!(serde_json::to_value(number).unwrap(), accepted);
        }
        for rejected in [0, 127, 10_241, 50_000] {
            let error = Memory::try_from(rejected).unwrap_err();
            assert_eq!(error, format!("{rejected} is not between 128 and 10240"));
        }
    }
}
