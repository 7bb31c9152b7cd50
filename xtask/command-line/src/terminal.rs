//! Messages, progress, and colors on the terminal.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use machine::Progress;

use crate::heartbeat::Heartbeat;
use crate::layout;
use crate::verbosity::is_quiet;

/// The spinners of concurrent steps, which share the lines below the text.
static SPINNERS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// The lines that `--quiet` has hidden since the last question.
static HIDDEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Returns a better message for a cause, if there is one.
pub type CauseMessage = fn(&(dyn std::error::Error + 'static)) -> Option<String>;

/// Shows an error with its causes, innermost last.
pub fn error(error: &anyhow::Error, cause_message: CauseMessage) {
    report(format!("\n{} {}", paint("error:", "1;31"), with_causes(error, cause_message)));
}

/// Shows an error that does not end the command.
pub fn warning(error: &anyhow::Error, cause_message: CauseMessage) {
    report(format!("{} {}", paint("warning:", "1;33"), with_causes(error, cause_message)));
}

fn with_causes(error: &anyhow::Error, cause_message: CauseMessage) -> String {
    let mut lines = vec![error.to_string()];
    let mut last = lines[0].clone();
    for cause in
        error.chain().skip(1).filter_map(|cause| cause_message(cause).or_else(|| default_message(cause)))
    {
        // Libraries often repeat their cause in their own message.
        if !last.contains(&cause) {
            lines.push(format!("  because: {cause}"));
        }
        last = cause;
    }
    lines.join("\n")
}

/// Returns the message of a cause, or `None` for a layer that adds nothing.
fn default_message(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let text = cause.to_string();
    let is_layer = text.starts_with("unhandled error")
        || ["service error", "dispatch failure", "other"].contains(&text.as_str());
    (!is_layer).then_some(text)
}

/// Prints a line on standard error, unless `--quiet` hides it.
///
/// Messages accompany the work of a command. If nobody can read them, the work continues without them.
pub fn say(line: impl Display) {
    if is_quiet() {
        HIDDEN.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_string());
    } else {
        report(line);
    }
}

/// Prints a line on standard error that `--quiet` does not hide: a warning, an error, or what has to be known.
pub fn report(line: impl Display) {
    SPINNERS.suspend(|| _ = writeln!(io::stderr(), "{line}"));
}

/// Prints the hidden lines: a question is about what was said before it.
fn report_hidden() {
    for line in std::mem::take(&mut *HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)) {
        report(line);
    }
}

/// Shows the progress of long operations.
pub struct TerminalProgress;

impl Progress for TerminalProgress {
    fn note(&self, text: &str) {
        say(text);
    }

    fn begin(&self, name: &str) -> Box<dyn machine::Step> {
        Box::new(Step::begin(name))
    }
}

impl machine::Step for Step {
    fn show(&self, detail: &str) {
        Step::show(self, detail);
    }

    fn done(self: Box<Self>, detail: &str) {
        Step::done(*self, detail);
    }
}

/// How often a step reports that it is still under way, without a terminal.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A step of a long operation: a spinner on a terminal, a line from time to time without one, and a line when it is done.
pub struct Step {
    name: String,
    start: Instant,
    spinner: ProgressBar,
    heartbeat: Option<Heartbeat>,
}

impl Step {
    /// Begins a step.
    pub fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        if is_quiet() {
            return Self { name, start: Instant::now(), spinner: ProgressBar::hidden(), heartbeat: None };
        }
        let spinner = SPINNERS.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}") {
            spinner.set_style(style);
        }
        spinner.set_message(name.clone());
        spinner.enable_steady_tick(Duration::from_millis(120));
        let heartbeat = (!io::stderr().is_terminal()).then(|| Heartbeat::start(name.clone(), HEARTBEAT, say));
        Self { name, start: Instant::now(), spinner, heartbeat }
    }

    /// Shows the current detail of the step.
    pub fn show(&self, what: impl Display) {
        self.spinner.set_message(format!("{:<16} {what}", self.name));
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.show(what.to_string());
        }
    }

    /// Ends the step successfully, with a summary.
    pub fn done(self, detail: impl Display) {
        self.spinner.finish_and_clear();
        if is_quiet() {
            return;
        }
        let time = paint(&format!("{:.1} s", self.start.elapsed().as_secs_f64()), "2");
        let lines = layout::step(&self.name, &detail.to_string(), &time, layout::width_of_errors());
        say(format!("  {} {}", paint("✓", "32"), lines.join("\n")));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

/// The colors of an output stream, which are off without a terminal or if `NO_COLOR` is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    is_colored: bool,
}

impl Palette {
    /// Returns the palette of standard output.
    pub fn for_output() -> Self {
        Self { is_colored: std::io::stdout().is_terminal() && wants_color() }
    }

    /// Returns the palette of standard error.
    pub fn for_errors() -> Self {
        Self { is_colored: std::io::stderr().is_terminal() && wants_color() }
    }

    /// Returns text in a color, given by its code. See <https://no-color.org>.
    pub fn paint(self, text: &str, code: &str) -> String {
        if self.is_colored && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

fn wants_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns text in a color for standard error.
pub fn paint(text: &str, code: &str) -> String {
    Palette::for_errors().paint(text, code)
}

/// Returns text that cannot control the terminal and stays on one line.
pub fn printable(text: &str) -> String {
    let escape = |character: char| match character {
        character if character.is_control() => character.escape_default().collect(),
        character => character.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Returns whether there is a user at a terminal who can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks the user at the terminal. Only an explicit yes confirms.
///
/// Returns an error without a terminal.
pub async fn confirm(question: &str) -> Result<bool> {
    if !can_ask() {
        bail!("cannot ask for confirmation without a terminal ({question}); pass --yes to confirm");
    }
    report_hidden();
    // The terminal mode is not changed, so Ctrl-C works as usual.
    SPINNERS.suspend(|| _ = write!(io::stderr(), "{question} [y/N] "));
    let read = || {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer)
    };
    let answer = tokio::task::spawn_blocking(read).await.context("the question was interrupted")?;
    let answer = answer.context("there is no answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
