//! Lines of the log.

use std::fmt;

use serde::ser::{SerializeMap as _, Serializer as _};
use tracing::{Event, Subscriber};
use tracing_serde::{AsSerde as _, SerdeMapVisitor};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// A format of flat JSON objects with the fields of an event and its spans.
///
/// `requestId` is where the JSON loggers of Lambda have it, and where queries expect it:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>. The format of
/// `tracing-subscriber` nests it below the spans.
pub(super) struct Line;

impl<S> FormatEvent<S, JsonFields> for Line
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let line = serialize(context, event).map_err(|_| fmt::Error)?;
        writeln!(writer, "{}", String::from_utf8(line).map_err(|_| fmt::Error)?)
    }
}

fn serialize<S>(context: &FmtContext<'_, S, JsonFields>, event: &Event<'_>) -> serde_json::Result<Vec<u8>>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let mut timestamp = String::new();
    // Writing to a String cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    let mut line = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::new(&mut line);
    let mut fields = serializer.serialize_map(None)?;
    fields.serialize_entry("timestamp", &timestamp)?;
    fields.serialize_entry("level", &event.metadata().level().as_serde())?;
    let mut visitor = SerdeMapVisitor::new(fields);
    event.record(&mut visitor);
    let mut fields = visitor.take_serializer()?;
    fields.serialize_entry("target", event.metadata().target())?;
    fields.end()?;
    for span in context.event_scope().into_iter().flatten() {
        let extensions = span.extensions();
        // An object as text, which replaces the closing brace of the line.
        let of_span = extensions.get::<FormattedFields<JsonFields>>().and_then(|it| it.strip_prefix('{'));
        if let Some(rest) = of_span.filter(|rest| *rest != "}") {
            line.pop();
            line.push(b',');
            line.extend_from_slice(rest.as_bytes());
        }
    }
    Ok(line)
}
