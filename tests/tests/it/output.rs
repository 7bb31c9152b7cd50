//! What a failed test shows in addition to its own output.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::LevelFilter;

/// How many lines of a log are shown.
const LINES: usize = 30;

/// The logs of the stacks of this run.
static LOGS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Shows warnings of this process (proxies, functions of a test) in the output of the test that caused them, and the end of
/// each stack's log in the output of a failed test.
#[expect(clippy::print_stderr, reason = "the harness shows it with the output of the test")]
pub(crate) fn show_what_else_happened() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let events = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_test_writer();
        events.without_time().init();
        let show_panic = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            show_panic(panic);
            for log in LOGS.lock().iter().flat_map(|logs| logs.iter()) {
                eprintln!("{}", end_of(log));
            }
        }));
    });
}

/// Adds the log of a stack, which each start creates again.
pub(crate) fn add_log(path: &Path) {
    LOGS.lock().unwrap().push(path.to_owned());
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    format!("--- the end of {}:\n{}", log.display(), last.join("\n"))
}

#[tokio::test]
async fn failed_test_shows_the_end_of_the_stack_log() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("stack.log");
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    std::fs::write(&log, lines.join("\n")).unwrap();
    let end = end_of(&log);
    assert!(end.contains("line 99") && end.contains("line 70") && !end.contains("line 69"), "{end}");
    assert!(end_of(&directory.path().join("none")).contains("No such file"));
}
