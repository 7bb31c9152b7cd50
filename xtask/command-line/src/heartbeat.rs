//! Signs of life of a long step, where no spinner can be shown.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Reports what is under way, and for how long, in regular intervals until it is dropped.
pub(crate) struct Heartbeat {
    detail: Arc<Mutex<String>>,
    /// Dropping it ends the thread.
    _end: mpsc::Sender<()>,
}

impl Heartbeat {
    /// Starts a heartbeat that passes a line to `say` every `interval`.
    pub(crate) fn start(name: String, interval: Duration, say: impl Fn(String) + Send + 'static) -> Self {
        let detail = Arc::new(Mutex::new(String::new()));
        let (end, ended) = mpsc::channel();
        let current = Arc::clone(&detail);
        // A thread, because a step can block the asynchronous runtime, as a compilation does.
        thread::spawn(move || {
            let start = Instant::now();
            while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let detail = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let seconds = start.elapsed().as_secs();
                let what = if detail.is_empty() { name.clone() } else { format!("{name:<16} {detail}") };
                say(format!("  … {what}  {seconds} s"));
            }
        });
        Self { detail, _end: end }
    }

    /// Sets what is reported besides the name.
    pub(crate) fn show(&self, detail: String) {
        *self.detail.lock().unwrap_or_else(PoisonError::into_inner) = detail;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::Heartbeat;

    #[test]
    fn detail_is_reported_until_the_end() {
        let (sender, lines) = mpsc::channel();
        let heartbeat = Heartbeat::start("update stack".to_owned(), Duration::from_millis(1), move |line| {
            let _ = sender.send(line);
        });
        assert_eq!(lines.recv().unwrap(), "  … update stack  0 s");
        heartbeat.show("3 of 7 resources".to_owned());
        let shown = lines.iter().find(|line| line.contains("3 of 7")).unwrap();
        assert_eq!(shown, "  … update stack     3 of 7 resources  0 s");
        drop(heartbeat);
        // The sender is dropped with the thread, so this ends.
        lines.iter().for_each(drop);
    }
}
