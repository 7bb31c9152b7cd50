//! Time spans on the command line and in reports.

use std::time::Duration;

use anyhow::{Result, bail};

/// Parses a positive number with a unit: `ms`, `s`, `m` or `h`.
pub(super) fn parse(text: &str) -> Result<Duration> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number.parse().ok().and_then(|number: u32| milliseconds.checked_mul(number.into())) {
        Some(span) if span > 0 => Ok(Duration::from_millis(span)),
        _ => bail!("expected a number and a unit, such as 250ms, 30s, 10m or 1h"),
    }
}

/// Returns a span in milliseconds.
pub(crate) fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// Returns a count as a number to calculate with. Counts above 2³² are not reached.
pub(crate) fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_has_a_positive_number_and_a_unit() {
        for (text, milliseconds) in [("250ms", 250), ("3s", 3_000), ("10m", 600_000), ("1h", 3_600_000)] {
            assert_eq!(parse(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
        for text in ["", "0s", "10", "m", "-1s", "1.5s", "1 s", "1d", "٣s", "99999999999h"] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.starts_with("expected a number and a unit"), "{text}");
        }
    }
}
