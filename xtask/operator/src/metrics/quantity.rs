//! Values of metrics for people.

use chrono::TimeDelta;
use deploy::time_span::format_span;

/// Formats a value in a unit, by its name in CloudWatch.
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "Milliseconds" if value >= 1000.0 => format!("{:.2} s", value / 1000.0),
        "Milliseconds" => format!("{} ms", number(value)),
        "Seconds" =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "an age")]
            format_span(TimeDelta::seconds(value as i64))
        }
        "Bytes" => bytes(value),
        "Percent" => format!("{} %", number(value)),
        _ => number(value),
    }
}

/// Formats a number with three digits, or all digits before the decimal point in groups.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        magnitude if magnitude >= 100.0 || value.fract() == 0.0 => 0,
        magnitude if magnitude >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            return format!("{} {unit}", number(value));
        }
        value /= 1000.0;
    }
    format!("{} PB", number(value))
}

#[cfg(test)]
mod tests {
    use super::quantity;

    #[test]
    fn value_has_three_digits_and_its_unit() {
        for (value, unit, expected) in [
            (0.0, "Count", "0"),
            (0.25, "Count", "0.25"),
            (12.34, "Count", "12.3"),
            (1_234_567.0, "Count", "1,234,567"),
            (123.0, "Count", "123"),
            (12.3, "Milliseconds", "12.3 ms"),
            (29_000.0, "Milliseconds", "29.00 s"),
            (90_061.0, "Seconds", "1 d 1 h"),
            (999.0, "Bytes", "999 B"),
            (11_900_000.0, "Bytes", "11.9 MB"),
            (2e18, "Bytes", "2,000 PB"),
            (0.5, "Percent", "0.50 %"),
        ] {
            assert_eq!(quantity(value, unit), expected, "{value} {unit}");
        }
    }
}
