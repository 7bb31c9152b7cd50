//! A line chart as SVG.

use std::fmt::{self, Write as _};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// The height of the title of an image, and of the names of its lines.
const TITLE: f64 = 28.0;
/// The width of the name of a line.
const NAME: f64 = 130.0;
/// The style of an image. It has a background of its own, because a page cannot color an image.
const IMAGE_STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600;font-size:14px;fill:#222}.y{text-anchor:end}.x{text-anchor:middle}.grid{stroke:#ddd}polyline{fill:none;stroke-width:1.5;stroke-linejoin:round}";

/// The colors of the lines, which color-blind people can distinguish: <https://jfly.uni-koeln.de/color/>.
const COLORS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];

/// A chart of values over time.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) lines: Vec<ChartLine>,
    /// Whether the distance of two values shows their ratio. Then only values above 0 are shown.
    pub(crate) is_logarithmic: bool,
}

/// A line of a chart.
pub(crate) struct ChartLine {
    pub(crate) name: String,
    /// Seconds and values.
    pub(crate) points: Vec<(f64, f64)>,
}

/// The range of an axis.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// Returns the position of a value, from 0 to 1.
    fn position(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }
}

impl Chart {
    fn scale(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        let all = self.lines.iter().flat_map(|line| line.points.iter().copied());
        all.filter(|(_, value)| !self.is_logarithmic || *value > 0.0)
    }

    /// Returns the values at which the vertical axis has a line, from its start to its end.
    fn ticks(&self) -> Vec<f64> {
        let highest = self.points().map(|(_, value)| value).fold(0.0, f64::max);
        if !self.is_logarithmic {
            let step = round_step(highest / 4.0);
            let count = (highest / step).ceil().max(1.0);
            let ticks = (0..).map(f64::from).take_while(|number| *number <= count);
            return ticks.map(|number| number * step).collect();
        }
        let lowest = self.points().map(|(_, value)| value).fold(highest, f64::min);
        let decade = |value: f64| value.max(0.001).log10();
        let (mut tick, last) = (decade(lowest).floor(), decade(highest).ceil());
        let mut ticks = vec![10_f64.powf(tick)];
        while tick < last {
            tick += 1.0;
            ticks.push(10_f64.powf(tick));
        }
        ticks
    }
}

/// Returns 1, 2 or 5 times a power of ten, not below a value.
fn round_step(least: f64) -> f64 {
    let least = least.max(0.01);
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

impl fmt::Display for Chart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = escaped(&self.title);
        writeln!(formatter, "<figure><figcaption>{title}</figcaption>")?;
        writeln!(formatter, r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">"#)?;
        self.write_plot(formatter)?;
        writeln!(formatter, "</svg>\n<ul>")?;
        for (line, color) in self.colored_lines() {
            writeln!(formatter, r#"<li style="--color:{color}">{}</li>"#, escaped(&line.name))?;
        }
        writeln!(formatter, "</ul></figure>")
    }
}

impl Chart {
    /// Returns an image file, with the title above the plot and the names of the lines below it.
    pub(crate) fn image(&self) -> String {
        let height = HEIGHT + 2.0 * TITLE;
        let mut plot = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_plot(&mut plot);
        let mut names = String::new();
        for ((line, color), number) in self.colored_lines().zip(0_u32..) {
            let x = LEFT + f64::from(number) * NAME;
            let (y, name) = (HEIGHT + TITLE + 16.0, escaped(&line.name));
            let _ =
                writeln!(names, r#"<rect x="{x}" y="{}" width="14" height="4" fill="{color}"/>"#, y - 6.0);
            let _ = writeln!(names, r#"<text x="{}" y="{y}">{name}</text>"#, x + 20.0);
        }
        let title = escaped(&self.title);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">
<style>{IMAGE_STYLE}</style>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
<text class="title" x="{LEFT}" y="18">{title}</text>
<g transform="translate(0 {TITLE})">
{plot}</g>
{names}</svg>
"##
        )
    }

    fn colored_lines(&self) -> impl Iterator<Item = (&ChartLine, &'static str)> {
        self.lines.iter().zip(COLORS.into_iter().cycle())
    }

    /// Writes the axes and the lines.
    fn write_plot(&self, output: &mut impl fmt::Write) -> fmt::Result {
        let ticks = self.ticks();
        let last = self.points().map(|(seconds, _)| seconds).fold(0.0, f64::max);
        let times = Range { low: 0.0, high: last };
        let first_and_last =
            (ticks.first().copied().unwrap_or_default(), ticks.last().copied().unwrap_or(1.0));
        let values = Range { low: self.scale(first_and_last.0), high: self.scale(first_and_last.1) };
        let x = |seconds: f64| LEFT + times.position(seconds) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| TOP + (1.0 - values.position(self.scale(value))) * (HEIGHT - TOP - BOTTOM);

        for tick in ticks {
            let (y, right, label) = (y(tick), WIDTH - RIGHT, LEFT - 8.0);
            writeln!(output, r#"<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1}" y2="{y:.1}"/>"#)?;
            writeln!(output, r#"<text class="y" x="{label}" y="{:.1}">{}</text>"#, y + 4.0, short(tick))?;
        }
        let step = round_step(last / 10.0).max(1.0);
        let mut time = 0.0;
        while time <= last {
            writeln!(
                output,
                r#"<text class="x" x="{:.1}" y="{}">{} s</text>"#,
                x(time),
                HEIGHT - 8.0,
                short(time)
            )?;
            time += step;
        }
        for (line, color) in self.colored_lines() {
            write!(output, r#"<polyline stroke="{color}" points=""#)?;
            for (seconds, value) in
                line.points.iter().filter(|(_, value)| !self.is_logarithmic || *value > 0.0)
            {
                write!(output, "{:.1},{:.1} ", x(*seconds), y(*value))?;
            }
            writeln!(output, r#""><title>{}</title></polyline>"#, escaped(&line.name))?;
        }
        Ok(())
    }
}

/// Formats a number at an axis.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns text without the characters that mean something in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chart(points: Vec<(f64, f64)>, is_logarithmic: bool) -> Chart {
        Chart {
            title: "<b>".to_owned(),
            lines: vec![ChartLine { name: "p50 & p99".to_owned(), points }],
            is_logarithmic,
        }
    }

    #[test]
    fn chart_has_axes_lines_and_names() {
        let points = vec![(0.0, 3.0), (30.0, 120.0), (60.0, 40.0)];
        insta::assert_snapshot!("linear", chart(points.clone(), false));
        insta::assert_snapshot!("logarithmic", chart(points, true));
    }

    #[test]
    fn image_has_its_own_style_title_and_names() {
        let image = chart(vec![(0.0, 3.0), (60.0, 40.0)], false).image();
        assert!(image.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{image}");
        for part in ["<style>", ">&lt;b&gt;</text>", ">p50 &amp; p99</text>", "<polyline"] {
            assert!(image.contains(part), "{part}: {image}");
        }
    }

    #[test]
    fn step_is_a_round_number() {
        for (least, step) in [(0.0, 0.01), (0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (23.0, 50.0), (70.0, 100.0)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}: {}", round_step(least));
        }
    }

    proptest! {
        #[test]
        fn any_points_are_inside_the_chart(
            points in prop::collection::vec((0.0..1e6, 0.0..1e9), 0..50),
            is_logarithmic: bool,
        ) {
            let text = chart(points, is_logarithmic).to_string();
            let drawn = text.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            for point in drawn.split_whitespace() {
                let (x, y) = point.split_once(',').unwrap();
                prop_assert!((0.0..=WIDTH).contains(&x.parse::<f64>().unwrap()), "{point}");
                prop_assert!((0.0..=HEIGHT).contains(&y.parse::<f64>().unwrap()), "{point}");
            }
        }
    }
}
