//! A trace as a tree with times and bars.

use command_line::terminal::{Palette, printable};
use deploy::traces::{Span, SpanFailure, Trace};

/// The width of the names, and of the bars.
const NAME_WIDTH: usize = 64;
const BAR_WIDTH: u32 = 28;
/// The length of a detail, such as the text of a statement.
const DETAIL_LENGTH: usize = 44;

/// Returns the tree: a line for each span, with its name, its begin, its duration, and its place in the trace.
pub(super) fn to_text(trace: &Trace, palette: Palette) -> String {
    let (Some(began), Some(ended)) = (trace.began(), trace.ended()) else {
        return format!("{}  without segments", trace.id);
    };
    let total = milliseconds(ended - began);
    let time = began.format("%Y-%m-%d %H:%M:%S%.3f UTC");
    let mut lines = vec![palette.paint(&format!("{}  {time}  {total:.1} ms", trace.id), "1")];
    let scale = Scale { began, total, palette };
    scale.add(&trace.spans, "", &mut lines);
    lines.join("\n")
}

struct Scale {
    began: chrono::DateTime<chrono::Utc>,
    total: f64,
    palette: Palette,
}

impl Scale {
    fn add(&self, spans: &[Span], indent: &str, lines: &mut Vec<String>) {
        for (index, span) in spans.iter().enumerate() {
            let is_last = index + 1 == spans.len();
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            lines.push(self.line(span, &format!("{indent}{branch}")));
            let indent = format!("{indent}{below}");
            for cause in &span.causes {
                let cause = format!("{indent}{}", printable(cause));
                lines.push(self.palette.paint(&cause, "31"));
            }
            self.add(&span.spans, &indent, lines);
        }
    }

    fn line(&self, span: &Span, branch: &str) -> String {
        let start = milliseconds(span.began - self.began);
        let duration = span.seconds.map(|seconds| seconds * 1e3);
        let shown = duration.map_or("in progress".to_owned(), |duration| format!("{duration:.1} ms"));
        let mark = match span.failure {
            None => "",
            Some(SpanFailure::Error) => "  error",
            Some(SpanFailure::Throttle) => "  throttled",
            Some(SpanFailure::Fault) => "  fault",
        };
        let color = match span.failure {
            None => "",
            Some(SpanFailure::Error | SpanFailure::Throttle) => "33",
            Some(SpanFailure::Fault) => "31",
        };
        let name = shortened(&format!("{branch}{}", title(span)), NAME_WIDTH);
        let bar = bar(start, duration.unwrap_or_default(), self.total);
        let text = format!("{name:<NAME_WIDTH$} {start:>9.1} {shown:>11}  {bar}{mark}");
        if color.is_empty() { text.trim_end().to_owned() } else { self.palette.paint(text.trim_end(), color) }
    }
}

/// Returns the name, the detail, and the status of a span.
fn title(span: &Span) -> String {
    let mut title = printable(&span.name);
    if let Some(detail) = &span.detail {
        let words: Vec<&str> = detail.split_whitespace().collect();
        title = format!("{title} {}", shortened(&printable(&words.join(" ")), DETAIL_LENGTH));
    }
    for annotation in ["route", "outcome"] {
        if let Some(value) = span.annotations.get(annotation).and_then(serde_json::Value::as_str) {
            title = format!("{title} {}", printable(value));
        }
    }
    match span.status {
        Some(status) => format!("{title} {status}"),
        None => title,
    }
}

/// Returns where a span is in the trace.
fn bar(start: f64, duration: f64, total: f64) -> String {
    // The number of columns whose middle is before a time.
    let columns_before = |time: f64| {
        (0..BAR_WIDTH)
            .filter(|column| (f64::from(*column) + 0.5) * total < time * f64::from(BAR_WIDTH))
            .count()
    };
    let width = (0..BAR_WIDTH).count();
    let first = columns_before(start).min(width - 1);
    let last = columns_before(start + duration).max(first + 1);
    format!("{}{}{}", "·".repeat(first), "█".repeat(last - first), "·".repeat(width - last))
}

fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let start: String = text.chars().take(length - 1).collect();
    format!("{start}…")
}

fn milliseconds(duration: chrono::TimeDelta) -> f64 {
    duration.as_seconds_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bar_shows_begin_and_duration() {
        assert_eq!(bar(0.0, 100.0, 100.0), "█".repeat(28));
        assert_eq!(bar(50.0, 25.0, 100.0), format!("{}{}{}", "·".repeat(14), "█".repeat(7), "·".repeat(7)));
        assert_eq!(bar(100.0, 0.0, 100.0), format!("{}█", "·".repeat(27)), "it is always visible");
        assert_eq!(bar(0.0, 0.0, 0.0), format!("█{}", "·".repeat(27)));
    }
}
