//! Horizontal bars as SVG.

use std::fmt;

use crate::bench::unit::Unit;
use crate::load::report::chart::escaped;

const WIDTH: f64 = 960.0;
/// The width of the labels.
const LEFT: f64 = 380.0;
/// The width of the value behind a bar.
const RIGHT: f64 = 90.0;
const TOP: f64 = 56.0;
const BAR: f64 = 13.0;
const GAP: f64 = 9.0;
/// The share of the width that the smallest value has on a logarithmic axis.
const SMALLEST: f64 = 0.04;
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600;font-size:14px;fill:#222}.label{text-anchor:end;fill:#222}";
/// Colors that color-blind people can distinguish: <https://jfly.uni-koeln.de/color/>.
const COLORS: [&str; 3] = ["#0072b2", "#e69f00", "#7f7f7f"];

/// A chart with groups of bars.
pub(super) struct BarChart {
    pub(super) title: String,
    pub(super) unit: Unit,
    /// The names of the bars in a group.
    pub(super) series: Vec<&'static str>,
    pub(super) groups: Vec<Group>,
    /// Whether the length of a bar shows the ratio to the others.
    pub(super) is_logarithmic: bool,
}

/// The bars of a label, one for each series.
pub(super) struct Group {
    pub(super) label: String,
    pub(super) values: Vec<f64>,
}

impl BarChart {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.groups.iter().flat_map(|group| group.values.iter().copied()).filter(|value| *value > 0.0)
    }

    /// Returns the length of a bar, from 0 to 1.
    fn length(&self, value: f64) -> f64 {
        let largest = self.values().fold(f64::MIN_POSITIVE, f64::max);
        if !self.is_logarithmic {
            return (value / largest).clamp(0.0, 1.0);
        }
        let smallest = self.values().fold(largest, f64::min);
        if value <= 0.0 {
            return 0.0;
        }
        let range = (largest / smallest).ln().max(f64::MIN_POSITIVE);
        SMALLEST + (1.0 - SMALLEST) * ((value / smallest).ln() / range).clamp(0.0, 1.0)
    }

    fn height_of(group: &Group) -> f64 {
        group.values.iter().map(|_| BAR).sum::<f64>() + GAP
    }
}

impl fmt::Display for BarChart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let height = TOP + self.groups.iter().map(Self::height_of).sum::<f64>() + GAP;
        let title = escaped(&self.title);
        writeln!(
            formatter,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">"#
        )?;
        writeln!(formatter, "<style>{STYLE}</style>")?;
        writeln!(formatter, r##"<rect width="{WIDTH}" height="{height}" fill="#fff"/>"##)?;
        writeln!(formatter, r#"<text class="title" x="16" y="20">{title}</text>"#)?;
        let mut x = 16.0;
        for (name, color) in self.series.iter().zip(COLORS) {
            writeln!(formatter, r#"<rect x="{x}" y="33" width="12" height="10" fill="{color}"/>"#)?;
            writeln!(formatter, r#"<text x="{}" y="42">{}</text>"#, x + 18.0, escaped(name))?;
            x += 180.0;
        }
        let mut y = TOP;
        for group in &self.groups {
            let middle = y + (Self::height_of(group) - GAP) / 2.0 + 4.0;
            let label = escaped(&group.label);
            writeln!(formatter, r#"<text class="label" x="{}" y="{middle:.1}">{label}</text>"#, LEFT - 8.0)?;
            for (value, color) in group.values.iter().zip(COLORS) {
                let width = self.length(*value) * (WIDTH - LEFT - RIGHT);
                let (bar, end, base) = (BAR - 2.0, LEFT + width + 6.0, y + BAR - 3.0);
                writeln!(
                    formatter,
                    r#"<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{bar}" fill="{color}"/>"#
                )?;
                let value = self.unit.show(*value);
                writeln!(formatter, r#"<text x="{end:.1}" y="{base:.1}">{value}</text>"#)?;
                y += BAR;
            }
            y += GAP;
        }
        formatter.write_str("</svg>\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BarChart, Group};
    use crate::bench::unit::Unit;

    fn chart(groups: Vec<Vec<f64>>, is_logarithmic: bool) -> BarChart {
        let groups = groups.into_iter().map(|values| Group { label: "a & b".to_owned(), values }).collect();
        let series = vec!["this service", "older service"];
        BarChart { title: "Time".to_owned(), unit: Unit::Seconds, series, groups, is_logarithmic }
    }

    #[test]
    fn chart_has_labels_bars_and_values() {
        insta::assert_snapshot!(chart(vec![vec![0.001, 0.016], vec![0.1, 1.06]], true).to_string());
    }

    proptest! {
        #[test]
        fn longer_bars_have_larger_values(one in 1e-6..1e3, other in 1e-6..1e3, is_logarithmic: bool) {
            let chart = chart(vec![vec![one, other]], is_logarithmic);
            let (length, other_length) = (chart.length(one), chart.length(other));
            prop_assert!((0.0..=1.0).contains(&length));
            prop_assert_eq!(one < other, length < other_length);
        }
    }
}
