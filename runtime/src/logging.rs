//! JSON logs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::configuration::Variables;

/// Write JSON lines to standard output, which Lambda collects, at `LOG_LEVEL` (default `info`).
///
/// The level is that of our own code. Dependencies never go below warnings: at finer levels the AWS SDK and the
/// HTTP client print URLs, headers and bodies, which hold signatures and tokens.
pub fn start(variables: &Variables) {
    let level = variables
        .optional("LOG_LEVEL")
        .and_then(|level| level.to_lowercase().parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("runtime", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_target(true);
    // A second start in one process keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
}
