//! Shows the events of the libraries like all other messages of the tool.
//!
//! The local stack has no caller to report a failed redeployment or a lost log line to, so it emits an event.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Local;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry;

use crate::terminal::{self, Palette, printable};

/// The crates of this repository, which write no secrets to events at any level.
///
/// The AWS SDK and the HTTP client log URLs, headers, and bodies below the level of warnings, and these contain
/// signatures and tokens. They stay off regardless of `RUST_LOG`.
const OWN_CRATES: [&str; 13] = [
    "command_line",
    "deploy",
    "edge",
    "faults",
    "lambda",
    "local_stack",
    "machine",
    "operator",
    "packages",
    "runtime",
    "signing",
    "xtask",
    "xtask_commands",
];

/// Whether events about the activity of the local stack are shown.
static ACTIVITY_IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows from now on what the local stack does.
pub fn show_activity() {
    ACTIVITY_IS_SHOWN.store(true, Ordering::Relaxed);
}

/// Shows warnings and errors on standard error.
///
/// The events of this repository's crates are shown if `RUST_LOG` enables them.
pub(crate) fn show() {
    let requested = std::env::var("RUST_LOG").unwrap_or_default();
    let palette = Palette::for_errors();
    let requested = requested.parse::<Targets>().unwrap_or_else(|error| {
        terminal::report(format!("{} RUST_LOG cannot be read: {error}", sign(Level::WARN, palette)));
        Targets::new()
    });
    // This fails only if a subscriber exists already, and this is the only one.
    let _ = tracing::subscriber::set_global_default(subscriber(requested, palette, terminal::report));
}

fn subscriber(
    requested: Targets,
    palette: Palette,
    say: impl Fn(String) + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let lines = Lines { palette, say };
    registry().with(lines).with(filter_fn(move |metadata| is_shown(metadata, &requested)))
}

fn is_shown(metadata: &Metadata<'_>, requested: &Targets) -> bool {
    let (target, level) = (metadata.target(), *metadata.level());
    match target.split("::").next().unwrap_or_default() {
        own if OWN_CRATES.contains(&own) => level <= Level::WARN || requested.would_enable(target, &level),
        machine::ACTIVITY => ACTIVITY_IS_SHOWN.load(Ordering::Relaxed),
        // sqlx warns about slow statements, which depend more on the machine than on this program.
        "sqlx" => level == Level::ERROR,
        // The warning contains the internal state of the search for credentials. The command reports the failure itself.
        "aws_config" if target.starts_with("aws_config::meta::credentials") => false,
        _ => level <= Level::WARN,
    }
}

/// Formats each event on one line.
struct Lines<F> {
    palette: Palette,
    say: F,
}

impl<S: Subscriber, F: Fn(String) + 'static> Layer<S> for Lines<F> {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        let (message, fields) = (printable(&text.message), printable(&text.fields));
        if metadata.target() == machine::ACTIVITY {
            let line = format!("{}  {message}{fields}", Local::now().format("%H:%M:%S"));
            return (self.say)(self.palette.paint(&line, "2"));
        }
        let sign = sign(*metadata.level(), self.palette);
        (self.say)(format!("{sign} {message}{fields}"));
    }
}

fn sign(level: Level, palette: Palette) -> String {
    match level {
        Level::ERROR => palette.paint("error:", "1;31"),
        Level::WARN => palette.paint("warning:", "1;33"),
        other => palette.paint(&format!("{}:", other.as_str().to_lowercase()), "2"),
    }
}

/// The message and fields of an event, in the format of `cargo xtask logs`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, "  {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Palette, Targets, subscriber};

    /// Returns the output of some events with this value of `RUST_LOG`.
    fn logged(rust_log: &str) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let requested: Targets = rust_log.parse().unwrap();
        let subscriber =
            subscriber(requested, Palette::default(), move |line| sink.lock().unwrap().push(line));
        tracing::subscriber::with_default(subscriber, || {
            let error = std::io::Error::other("no\n\u{1b}[2Japi");
            tracing::error!(target: "lambda::gateway::served_api", "{error}");
            tracing::warn!(target: "lambda::pool", function = %"api", count = 2, text = "a b", "lost");
            tracing::info!(target: "lambda::redeployment", "running what is deployed");
            tracing::debug!(target: "xtask", "finer");
            tracing::warn!(target: "aws_config::profile", "no profile");
            tracing::warn!(target: "aws_config::meta::credentials::chain", "a secret");
            tracing::info!(target: "aws_smithy_runtime", "a secret");
            tracing::trace!(target: "hyper_util", "a secret");
            tracing::error!(target: "sqlx::pool", "no connection");
            tracing::warn!(target: "sqlx::query", "slow statement");
        });
        std::mem::take(&mut *lines.lock().unwrap())
    }

    const ALWAYS: [&str; 4] = [
        r"error: no\n\u{1b}[2Japi",
        "warning: lost  function=api  count=2  text=a b",
        "warning: no profile",
        "error: no connection",
    ];

    #[test]
    fn warnings_and_errors_are_shown_in_one_line_each() {
        assert_eq!(logged(""), ALWAYS);
        assert_eq!(logged("off"), ALWAYS);
    }

    #[test]
    fn debug_levels_are_shown_only_for_own_crates() {
        let with = |others: &[&'static str]| [&ALWAYS[..2], others, &ALWAYS[2..]].concat();
        assert_eq!(logged("trace"), with(&["info: running what is deployed", "debug: finer"]));
        assert_eq!(logged("lambda=info"), with(&["info: running what is deployed"]));
        assert_eq!(logged("aws_smithy_runtime=trace,hyper_util=trace"), ALWAYS);
    }
}
