//! A table of traces.

use command_line::layout;
use command_line::terminal::printable;
use deploy::traces::Trace;

use super::waterfall::milliseconds;

/// Returns a row for each trace, with its first event.
pub(super) fn to_text(traces: &[Trace]) -> String {
    let mut table = layout::table(["TRACE", "BEGAN", "DURATION", "STATUS", "WHAT", "OUTCOME"]);
    for trace in traces {
        let event = trace.event.as_ref();
        let title = event.map(|event| event.title.as_str());
        let title = title.or_else(|| trace.spans.first().map(|span| span.name.as_str()));
        let status = event.and_then(|event| event.status).map(|status| status.to_string());
        let outcome = event.map(|event| printable(&event.outcome)).unwrap_or_default();
        let mark = if trace.failure.is_some() { "✗" } else { " " };
        table.add_row([
            trace.id.clone(),
            trace.start.format("%Y-%m-%d %H:%M:%S").to_string(),
            milliseconds(trace.duration),
            status.unwrap_or_default(),
            printable(title.unwrap_or_default()),
            format!("{mark} {outcome}"),
        ]);
    }
    table.to_string()
}
