//! What each event of a function leaves behind: a summary line with metrics, and a trace.
//!
//! An event is a request, a message of the restore queue, or a decision of the authorizer. While it is
//! handled, an [`Activity`] records its steps: statements, AWS calls, signatures, phases. When it ends,
//! [`Telemetry::end`] writes its line (`summary`) and sends its document to the X-Ray daemon of Lambda
//! (`document`, `daemon`). Neither can fail the event.

mod activity;
mod aws_calls;
mod daemon;
mod document;
mod ending;
mod invocation;
mod step;
mod summary;

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) use self::activity::{
    Activity, count_reconnect, http_call, phase, statement, step, trace_header_for_messages,
};
pub(crate) use self::aws_calls::CallRecorder;
use self::daemon::Daemon;
pub(crate) use self::ending::{Ending, Severity};
pub use self::invocation::Invocation;
pub(crate) use self::summary::milliseconds;
use crate::clock;
use crate::configuration::TelemetrySettings;

/// The number of documents that are sent without a pause.
const DOCUMENTS_AT_ONCE: usize = 16;

/// Writes a line.
type Write = dyn Fn(&[u8]) + Send + Sync;

/// Writes the lines and sends the traces of a function.
pub(crate) struct Telemetry {
    function: String,
    daemon: Option<Daemon>,
    is_warm: AtomicBool,
    write: Box<Write>,
}

impl Telemetry {
    /// Creates the telemetry of a function, which writes to standard output.
    pub(crate) fn new(settings: &TelemetrySettings) -> Self {
        Self::with_output(settings, |line| {
            // A line that cannot be written must not fail a request.
            let _ = std::io::stdout().lock().write_all(line);
        })
    }

    fn with_output(settings: &TelemetrySettings, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self {
            function: settings.function.clone(),
            daemon: settings.daemon.map(Daemon::new),
            is_warm: AtomicBool::new(false),
            write: Box::new(write),
        }
    }

    /// Returns whether this is the first invocation of the instance, for all its events.
    pub(crate) fn is_cold_start(&self) -> bool {
        !self.is_warm.swap(true, Ordering::Relaxed)
    }

    /// Writes the line of an event, and sends its trace.
    pub(crate) fn end(&self, activity: Arc<Activity>, invocation: &Invocation, ending: Ending) {
        let ended = clock::utc_now();
        (self.write)(&summary::line(&self.function, &activity, invocation, &ending, ended));
        let Some(daemon) = &self.daemon else { return };
        if activity.trace().and_then(|trace| trace.sampled) != Some(true) {
            return;
        }
        let (daemon, function) = (daemon.clone(), self.function.clone());
        // The document is built while Lambda receives the response. Without a runtime, there is no trace to send.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::task::yield_now().await;
                let documents = document::documents(&function, &activity, &ending, ended.into());
                for (index, document) in documents.iter().enumerate() {
                    // The daemon needs time to receive many of them: it drops what its buffer has no space for.
                    if index % DOCUMENTS_AT_ONCE == DOCUMENTS_AT_ONCE - 1 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    daemon.send(document);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
