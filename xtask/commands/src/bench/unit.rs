//! The units of figures.

use serde::{Deserialize, Serialize};

/// The unit of a figure. A smaller value is better, except for [`Unit::PerSecond`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unit {
    /// A duration in seconds.
    Seconds,
    /// A size in bytes.
    Bytes,
    /// A number of calls, statements or instructions.
    Count,
    /// A number of requests per second.
    PerSecond,
    /// A multiple of something else.
    Times,
    /// A number without a unit.
    Number,
}

impl Unit {
    /// Returns whether a larger value is better.
    pub(super) fn is_better_if_larger(self) -> bool {
        self == Self::PerSecond
    }

    /// Returns whether one measurement is enough, because another one has the same or nearly the same value.
    pub(super) fn is_exact(self) -> bool {
        matches!(self, Self::Bytes | Self::Count)
    }

    /// Formats a value.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => seconds(value),
            Self::Bytes if value < 1e5 => format!("{:.1} KB", value / 1e3),
            Self::Bytes if value < 1e9 => format!("{:.2} MB", value / 1e6),
            Self::Bytes => format!("{:.1} GB", value / 1e9),
            Self::Count => thousands(value),
            Self::PerSecond => format!("{}/s", thousands(value)),
            Self::Times => times(value),
            Self::Number => format!("{value:.2}"),
        }
    }
}

/// Formats a multiple.
pub(super) fn times(value: f64) -> String {
    if value < 0.1 { format!("{value:.3} ×") } else { format!("{value:.2} ×") }
}

fn seconds(value: f64) -> String {
    if value < 0.0 {
        return format!("-{}", seconds(-value));
    }
    match value {
        _ if value < 1e-3 => format!("{:.1} µs", value * 1e6),
        _ if value < 0.1 => format!("{:.2} ms", value * 1e3),
        _ if value < 1.0 => format!("{:.0} ms", value * 1e3),
        _ => format!("{value:.2} s"),
    }
}

/// Formats a whole number with separators.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut shown = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn values_have_three_digits_and_their_unit() {
        for (unit, value, shown) in [
            (Unit::Seconds, 12.34e-6, "12.3 µs"),
            (Unit::Seconds, 0.001_234, "1.23 ms"),
            (Unit::Seconds, 0.1234, "123 ms"),
            (Unit::Seconds, 12.345, "12.35 s"),
            (Unit::Seconds, -12.34e-6, "-12.3 µs"),
            (Unit::Bytes, 4_912_345.0, "4.91 MB"),
            (Unit::Bytes, 7_812.0, "7.8 KB"),
            (Unit::Bytes, 25.28e9, "25.3 GB"),
            (Unit::Count, 350.0, "350"),
            (Unit::Count, 1_234_567.0, "1,234,567"),
            (Unit::PerSecond, 6_954.4, "6,954/s"),
            (Unit::Times, 1.234, "1.23 ×"),
            (Unit::Times, 0.0123, "0.012 ×"),
            (Unit::Number, 1.056, "1.06"),
        ] {
            assert_eq!(unit.show(value), shown);
        }
    }
}
