//! JSON logs.

mod line;

use tracing::{Span, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{filter::LevelFilter, fmt, registry};

use self::line::Line;
use crate::configuration::Variables;

/// Where the Lambda runtime makes the span of an invocation, which has nothing but the ids of request and trace.
const INVOCATIONS: &str = "lambda_runtime::layers::trace";

/// Write JSON lines to standard output, which Lambda collects, at `LOG_LEVEL` (default `info`).
///
/// The level is that of our own code. Dependencies never go below warnings: at finer levels the AWS SDK and the
/// HTTP client print URLs, headers and bodies, which hold signatures and tokens.
pub fn start(variables: &Variables) {
    let level = variables
        .optional("LOG_LEVEL")
        .and_then(|level| level.to_lowercase().parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    // A second start in one process keeps the first subscriber.
    let _ = subscriber(level, std::io::stdout).try_init();
}

/// What a request is known by to its client and to the gateway, on all lines until it is answered. The id of the
/// invocation is another one, which each function has for itself.
pub(crate) fn request(id: &str) -> Span {
    // A span is seen where its level is; this one belongs to errors too.
    tracing::error_span!("request", request_id = id)
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
