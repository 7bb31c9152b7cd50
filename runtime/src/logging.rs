//! JSON logs.

mod line;

use openapi::telemetry::TraceHeader;
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{filter::LevelFilter, fmt, registry};

use self::line::Line;
use crate::configuration::Variables;

/// The module of the Lambda runtime that creates the span of an invocation.
///
/// The span has the ids of request and trace.
const INVOCATIONS: &str = "lambda_runtime::layers::trace";

/// Writes JSON lines to standard output at `LOG_LEVEL`, by default `info`.
///
/// The level applies to this crate. Dependencies log only warnings and errors: at finer levels, the AWS SDK
/// and the HTTP client log URLs, headers and bodies, which contain signatures and tokens.
pub fn start(variables: &Variables) {
    let level = variables
        .optional(openapi::variables::LOG_LEVEL)
        .and_then(|level| level.to_lowercase().parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    // A second start in the same process keeps the first subscriber.
    let _ = subscriber(level, std::io::stdout).try_init();
}

/// Returns a span that adds the ids of a request to log lines: that of the gateway, and that of the trace.
///
/// The client knows the id of the gateway. The id of the invocation is another one.
pub(crate) fn request(id: &str, trace: Option<TraceHeader>) -> Span {
    // A span is visible at its level, and this one belongs to errors too.
    if let Some(trace) = trace {
        tracing::error_span!("request", request_id = id, trace_id = %trace.root)
    } else {
        tracing::error_span!("request", request_id = id)
    }
}

/// Returns a span that adds the ids of a message to log lines: that of the queue, and that of the trace.
pub(crate) fn message(id: &str, trace: Option<TraceHeader>) -> Span {
    if let Some(trace) = trace {
        tracing::error_span!("message", message_id = id, trace_id = %trace.root)
    } else {
        tracing::error_span!("message", message_id = id)
    }
}

fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let targets = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("runtime", level)
        .with_target(INVOCATIONS, LevelFilter::INFO);
    let lines = fmt::layer().fmt_fields(JsonFields::new()).event_format(Line).with_writer(writer);
    registry().with(lines).with(targets)
}

#[cfg(test)]
mod tests;
