//! Parses and formats time spans.

use anyhow::{Result, bail};
use chrono::TimeDelta;

/// Parses a number with a unit: `s`, `m`, `h`, or `d`.
pub fn parse(text: &str) -> Result<TimeDelta> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "s" => TimeDelta::seconds(1),
        "m" => TimeDelta::minutes(1),
        "h" => TimeDelta::hours(1),
        "d" => TimeDelta::days(1),
        _ => TimeDelta::zero(),
    };
    match number.parse().ok().and_then(|number| unit.checked_mul(number)) {
        Some(span) if unit > TimeDelta::zero() => Ok(span),
        _ => bail!("expected a number and a unit, such as 90m, 2h or 1d"),
    }
}

/// Formats a time span in its two largest units.
pub fn format_span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, 0) => format!("{minutes} min"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, 0, _) => format!("{hours} h"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, 0, _, _) => format!("{days} d"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::parse;

    #[test]
    fn span_has_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("15m", 900), ("2h", 7200), ("30d", 2_592_000)] {
            assert_eq!(parse(text).unwrap(), TimeDelta::seconds(seconds), "{text}");
        }
        for text in ["", "2", "h", "-1h", "1.5h", "2 h", "banana", "1w", "٣h", "99999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
