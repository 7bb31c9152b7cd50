//! A trace as a tree, with the time of each span as a number and as a bar.

use command_line::terminal::{Palette, printable};
use deploy::traces::{Failure, Span, Trace};

/// The width of a time with its unit, and of the space before it.
const TIME: usize = 9;
/// Below this width, bars show nothing.
const SMALLEST_BAR: usize = 10;
/// The largest part of a line for the names, in percent.
const NAMES: usize = 60;

/// Formats a trace for lines of this width.
pub(super) fn to_text(trace: &Trace, width: usize, palette: Palette) -> String {
    let names: Vec<String> = branches(&trace.spans)
        .zip(&trace.spans)
        .map(|(branch, span)| format!("{branch}{}", label(span)))
        .collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let name_width = longest.min(width * NAMES / 100).min(width.saturating_sub(2 * TIME));
    let bar_width = width.saturating_sub(name_width + 2 * TIME + 2);
    let mut lines = vec![title(trace, palette)];
    for (name, span) in names.iter().zip(&trace.spans) {
        let name = format!("{:<name_width$}", shortened(name, name_width));
        let name = if span.failure.is_some() { palette.paint(&name, "31") } else { name };
        let duration = span.duration.map_or("…".to_owned(), milliseconds);
        let times = format!("{:>TIME$}{duration:>TIME$}", milliseconds(span.start));
        let bar = bar(span, trace.duration, bar_width);
        let color = if span.failure.is_some() { "31" } else { "36" };
        lines.push(format!("{name}{times}  {}", palette.paint(&bar, color)).trim_end().to_owned());
    }
    lines.extend(problems(trace).map(|problem| palette.paint(&problem, "31")));
    if trace.unreadable > 0 {
        lines.push(format!("parts of the trace that cannot be read: {}", trace.unreadable));
    }
    if trace.is_truncated {
        lines.push("the trace is too large for X-Ray, which has left out a part of it".to_owned());
    }
    lines.join("\n")
}

fn title(trace: &Trace, palette: Palette) -> String {
    let mut words =
        vec![palette.paint(&trace.id, "1"), trace.start.format("%Y-%m-%d %H:%M:%S UTC").to_string()];
    if let Some(event) = &trace.event {
        words.push(printable(&event.title));
        words.extend(event.status.map(|status| status.to_string()));
        words.push(printable(&event.outcome));
    }
    words.push(milliseconds(trace.duration));
    if let Some(failure) = trace.failure {
        words.push(palette.paint(&format!("✗ {}", failure.name()), "31"));
    }
    words.join("  ")
}

/// Returns what a span is: its name, what it did, and how it ended.
fn label(span: &Span) -> String {
    let event = span.event();
    let origin = match span.origin.as_deref() {
        Some("AWS::Lambda") => Some("(service)"),
        // The outcome of an event says more, and a line has little room.
        Some("AWS::Lambda::Function") if event.is_none() => Some("(function)"),
        _ => None,
    };
    let detail = match &event {
        Some(event) if event.title != span.name => Some(printable(&event.title)),
        _ => span.detail.as_deref().map(printable),
    };
    let throttle = span.failure.filter(|failure| *failure == Failure::Throttle);
    let words = [
        span.failure.map(|_| "✗".to_owned()),
        Some(printable(&span.name)),
        origin.map(str::to_owned),
        detail,
        span.status.map(|status| status.to_string()),
        event.map(|event| printable(&event.outcome)),
        throttle.map(|failure| failure.name().to_owned()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Returns the lines that connect each span with the one that contains it.
fn branches(spans: &[Span]) -> impl Iterator<Item = String> {
    spans.iter().enumerate().map(|(index, span)| {
        let after = &spans[index + 1..];
        (1..=span.depth)
            .map(|depth| {
                // Whether another span at this depth follows in the same one.
                let next = after.iter().find(|next| next.depth <= depth);
                match (depth == span.depth, next.is_some_and(|next| next.depth == depth)) {
                    (true, true) => "├─ ",
                    (true, false) => "└─ ",
                    (false, true) => "│  ",
                    (false, false) => "   ",
                }
            })
            .collect()
    })
}

/// Returns text without its end, if there is no room for it.
fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Returns a bar at the place of a span in the time of its trace. Where it failed, the bar has another pattern.
fn bar(span: &Span, total: f64, width: usize) -> String {
    if width < SMALLEST_BAR {
        return String::new();
    }
    let begin = columns(span.start, total, width).min(width - 1);
    let end = columns(span.start + span.duration.unwrap_or(total - span.start), total, width);
    let sign = if span.failure.is_some() { "▒" } else { "█" };
    format!("{}{}", " ".repeat(begin), sign.repeat(end.clamp(begin + 1, width) - begin))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the result is limited to the width"
)]
#[expect(clippy::cast_precision_loss, reason = "a width has few digits")]
fn columns(time: f64, total: f64, width: usize) -> usize {
    if total <= 0.0 {
        return 0;
    }
    (time / total * width as f64).round().clamp(0.0, width as f64) as usize
}

/// Returns a line for each error with a cause.
fn problems(trace: &Trace) -> impl Iterator<Item = String> {
    trace.spans.iter().filter_map(|span| {
        let cause = span.cause.as_deref()?;
        let kind = span.failure.map_or("error", Failure::name);
        Some(format!("✗ {} ({kind}): {}", printable(&span.name), printable(cause)))
    })
}

/// Formats a time with three digits at least.
pub(super) fn milliseconds(time: f64) -> String {
    match time {
        ..10.0 => format!("{time:.1} ms"),
        ..10_000.0 => format!("{time:.0} ms"),
        _ => format!("{:.1} s", time / 1000.0),
    }
}

#[cfg(test)]
mod tests;
