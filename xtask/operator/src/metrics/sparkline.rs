//! A line of bars: how a value changed over time.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns a bar for each value, relative to the highest one, and a space for each gap.
pub(crate) fn sparkline(values: &[Option<f64>]) -> String {
    let highest = values.iter().copied().flatten().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match *value {
        None => ' ',
        Some(value) if highest > 0.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of one, times the number of bars"
            )]
            let level = (value.max(0.0) / highest * 7.0).ceil() as usize;
            BARS[level.min(BARS.len() - 1)]
        }
        Some(_) => BARS[0],
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn highest_value_has_the_highest_bar_and_a_gap_has_none() {
        assert_eq!(sparkline(&[Some(0.0), Some(1.0), None, Some(50.0), Some(100.0)]), "▁▂ ▅█");
    }

    #[test]
    fn zeros_are_a_line_at_the_bottom() {
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(sparkline(&[]), "");
    }
}
