//! The line for each change.

use std::time::Duration;

use command_line::terminal::{paint, report, say};

use super::change::Change;

/// Reports that a change is served, and for how long it was not.
pub(super) fn success(change: &Change, swapped: &[&str], elapsed: Duration, times: &[(&str, Duration)]) {
    say(format!("  {} {}", paint("↻", "32"), served(change, swapped, elapsed, times)));
}

/// Reports that a change is not served.
pub(super) fn failure(change: &Change, reason: &str) {
    report(format!("  {} {change}: {reason}", paint("✗", "31")));
}

/// `times` has the parts of the time since the last save.
fn served(change: &Change, swapped: &[&str], elapsed: Duration, times: &[(&str, Duration)]) -> String {
    let what = match swapped {
        [] => "deployed, no function changed,".to_owned(),
        [one] => format!("{one} swapped"),
        [others @ .., last] => format!("{} and {last} swapped", others.join(", ")),
    };
    let times: Vec<String> =
        times.iter().map(|(name, time)| format!("{name} {:.1} s", time.as_secs_f64())).collect();
    format!("{change}: {what} {:.1} s after the save ({})", elapsed.as_secs_f64(), times.join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::change::{Change, Part, Save};
    use super::served;

    #[test]
    fn line_names_the_functions_and_the_parts_of_the_time() {
        let path = "runtime/src/api.rs".into();
        let change = Change::new(Save { path, part: Part::Functions, saved: Instant::now() });
        let seconds = Duration::from_secs_f64;
        let line = |functions: &[&str]| {
            served(
                &change,
                functions,
                seconds(6.24),
                &[("build", seconds(5.1)), ("deployment", seconds(0.9))],
            )
        };
        let times = "6.2 s after the save (build 5.1 s, deployment 0.9 s)";
        assert_eq!(line(&["api"]), format!("runtime/src/api.rs: api swapped {times}"));
        assert_eq!(
            line(&["api", "restore", "authorizer"]),
            format!("runtime/src/api.rs: api, restore and authorizer swapped {times}")
        );
        assert_eq!(line(&[]), format!("runtime/src/api.rs: deployed, no function changed, {times}"));
    }
}
