//! How long an old key stays trusted.

use std::str::FromStr;

use anyhow::{Error, Result, bail};
use chrono::TimeDelta;
use openapi::SIGNED_URL_LIFETIME_SECONDS;
use stack::Environment;

use crate::time_span;

/// A margin added to the full overlap.
///
/// Containers that began a request before the switch still sign with the old key, and the clocks of the edges differ.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// The maximum overlap, longer than any that is useful.
const MAXIMUM_DAYS: i64 = 30;

/// How long a key stays trusted after another one has begun to sign. The default is two hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(TimeDelta);

impl Overlap {
    /// Returns the overlap in an environment.
    ///
    /// In a protected environment, it lasts at least until the last URL signed by the old key has expired.
    pub fn in_environment(self, environment: &Environment) -> TimeDelta {
        if environment.protected {
            self.0.max(TimeDelta::seconds(SIGNED_URL_LIFETIME_SECONDS.into())) + MARGIN
        } else {
            self.0
        }
    }

    /// Returns whether URLs signed by the old key would stop working before they expire.
    pub fn is_short_in(self, environment: &Environment) -> bool {
        self.in_environment(environment) < TimeDelta::seconds(SIGNED_URL_LIFETIME_SECONDS.into())
    }
}

impl Default for Overlap {
    fn default() -> Self {
        Self(TimeDelta::hours(2))
    }
}

impl FromStr for Overlap {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let overlap = time_span::parse(text)?;
        if overlap > TimeDelta::days(MAXIMUM_DAYS) {
            bail!("an overlap is at most {MAXIMUM_DAYS} days");
        }
        Ok(Self(overlap))
    }
}

#[cfg(test)]
mod tests {
    use command_line::environment;

    use super::Overlap;
    use crate::time_span::format_span;

    fn within(text: &str, name: &str) -> i64 {
        text.parse::<Overlap>().unwrap().in_environment(&environment::load(name).unwrap()).num_seconds()
    }

    #[test]
    fn protected_environment_keeps_keys_longer_than_their_urls() {
        assert_eq!(within("10s", "prod"), 3600 + 300);
        assert_eq!(within("2h", "prod"), 7200 + 300);
        assert_eq!(within("10s", "local"), 10);
        assert!("59m".parse::<Overlap>().unwrap().is_short_in(&environment::load("local").unwrap()));
        assert!(!Overlap::default().is_short_in(&environment::load("local").unwrap()));
    }

    #[test]
    fn overlap_has_a_number_and_a_unit() {
        for (text, expected) in [("90m", "1 h 30 min"), ("0s", "0 s"), ("2h", "2 h"), ("30d", "30 d")] {
            assert_eq!(format_span(text.parse::<Overlap>().unwrap().0), expected);
        }
        assert_eq!("2h".parse::<Overlap>().unwrap(), Overlap::default());
        for text in ["", "2", "h", "-1h", "1.5h", "2 h", "31d", "99999999999h", "4294967295d"] {
            assert!(text.parse::<Overlap>().is_err(), "{text}");
        }
    }
}
