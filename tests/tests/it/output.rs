//! What is shown of a test that fails, besides what it says itself.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::LevelFilter;

/// The last lines of a log are enough to see what happened beside a test.
const LINES: usize = 30;

/// What the stacks of this run have said.
static LOGS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Shows warnings of what runs in this process (proxies, functions of a test's own) in the output of the test that
/// caused them, and the end of each stack's log in the output of a test that fails.
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

/// Adds the log of a stack, which is made anew at each start.
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
async fn what_the_stack_says_is_in_the_output_of_a_test_that_fails() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("stack.log");
    let lines: Vec<String> = (0..100).map(|number| format!("line {number}")).collect();
    std::fs::write(&log, lines.join("\n")).unwrap();
    let shown = end_of(&log);
    assert!(shown.contains("line 99") && shown.contains("line 70") && !shown.contains("line 69"), "{shown}");
    assert!(end_of(&directory.path().join("none")).contains("No such file"));
}
