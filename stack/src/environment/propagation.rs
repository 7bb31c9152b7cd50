//! How long a change may take to reach every edge of CloudFront.

use std::time::Duration;

use serde::Deserialize;

use super::string_types::InvalidValue;

/// How long a change may take to reach every edge: ten minutes, unless the environment says otherwise.
///
/// The status of a distribution says that its own configuration has reached every edge. It is not documented that this
/// includes the key groups that the distribution refers to, which are resources of their own without a status:
/// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_KeyGroup.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PropagationTime(Duration);

impl PropagationTime {
    /// The time.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Default for PropagationTime {
    fn default() -> Self {
        Self(Duration::from_mins(10))
    }
}

impl TryFrom<String> for PropagationTime {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let seconds = match text.split_at_checked(text.len().saturating_sub(1)) {
            Some((number, "s")) => number.parse().ok(),
            Some((number, "m")) => number.parse().ok().and_then(|minutes: u64| minutes.checked_mul(60)),
            _ => None,
        };
        match seconds {
            Some(seconds) if seconds <= 3600 => Ok(Self(Duration::from_secs(seconds))),
            _ => Err(InvalidValue::new(text, "a time from 0s to 60m, such as 90s or 10m")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PropagationTime;

    #[test]
    fn propagation_time_is_seconds_or_minutes() {
        let seconds =
            |text: &str| PropagationTime::try_from(text.to_owned()).ok().map(|time| time.get().as_secs());
        for (text, expected) in [("0s", 0), ("90s", 90), ("10m", 600), ("60m", 3600)] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "m", "10", "-1m", "1h", "61m", "1.5m", "10 m", "99999999999999999999m", "é"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(PropagationTime::default().get().as_secs(), 600);
    }
}
