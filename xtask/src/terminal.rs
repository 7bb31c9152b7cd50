//! What people see.

use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_sdk_cloudformation::error::ErrorMetadata;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Spinners of steps that run at the same time share the lines below the text.
static SPINNERS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Show an error with its causes, innermost last.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("\n{} {}", paint("error:", "1;31"), explained(error));
}

/// Show an error that does not end the command.
pub(crate) fn warning(error: &anyhow::Error) {
    say(format!("{} {}", paint("warning:", "1;33"), explained(error)));
}

fn explained(error: &anyhow::Error) -> String {
    let mut lines = vec![error.to_string()];
    let mut last = lines[0].clone();
    for cause in error.chain().skip(1).filter_map(spoken) {
        // Libraries like to repeat their cause in their own message.
        if !last.contains(&cause) {
            lines.push(format!("  because: {cause}"));
        }
        last = cause;
    }
    lines.join("\n")
}

/// A cause in words. The AWS SDK wraps what a service has said into layers that say nothing.
fn spoken(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(said) = cause.downcast_ref::<ErrorMetadata>() {
        return Some(format!("{} ({})", said.message()?, said.code().unwrap_or("no code")));
    }
    let text = cause.to_string();
    let is_layer = text.starts_with("unhandled error")
        || ["service error", "dispatch failure", "other"].contains(&text.as_str());
    (!is_layer).then_some(text)
}

/// Say something.
pub(crate) fn say(line: impl Display) {
    SPINNERS.suspend(|| eprintln!("{line}"));
}

/// A step that takes a while: a spinner on a terminal, and a line when it is done.
pub(crate) struct Step {
    name: String,
    start: Instant,
    spinner: ProgressBar,
}

impl Step {
    /// Begin a step.
    pub(crate) fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        let spinner = SPINNERS.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}  {elapsed}") {
            spinner.set_style(style);
        }
        spinner.set_message(name.clone());
        spinner.enable_steady_tick(Duration::from_millis(120));
        Self { name, start: Instant::now(), spinner }
    }

    /// Show what it is at, on a terminal.
    pub(crate) fn show(&self, what: impl Display) {
        self.spinner.set_message(format!("{:<16} {what}", self.name));
    }

    /// End it well, with what is worth knowing.
    pub(crate) fn done(self, detail: impl Display) {
        self.spinner.finish_and_clear();
        let seconds = self.start.elapsed().as_secs_f64();
        let detail = detail.to_string();
        let tick = paint("✓", "32");
        let seconds = paint(&format!("{seconds:.1} s"), "2");
        say(format!("  {tick} {:<16} {detail:<56} {seconds}", self.name));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

/// The colours of one of our outputs: none where it is no terminal, or where `NO_COLOR` is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    is_colored: bool,
}

impl Palette {
    /// That of standard output.
    pub(crate) fn of_output() -> Self {
        Self { is_colored: std::io::stdout().is_terminal() && wants_color() }
    }

    /// That of standard error.
    pub(crate) fn of_errors() -> Self {
        Self { is_colored: std::io::stderr().is_terminal() && wants_color() }
    }

    /// That of a test, whose output may or may not be a terminal.
    #[cfg(test)]
    pub(crate) fn without_colors() -> Self {
        Self { is_colored: false }
    }

    /// Text in a colour, by its code; <https://no-color.org>.
    pub(crate) fn paint(self, text: &str, code: &str) -> String {
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

/// Text in a colour, for standard error.
pub(crate) fn paint(text: &str, code: &str) -> String {
    Palette::of_errors().paint(text, code)
}

/// A text that can do nothing to a terminal, and stays in its line.
pub(crate) fn printable(text: &str) -> String {
    let escape = |character: char| match character {
        character if character.is_control() => character.escape_default().collect(),
        character => character.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Whether somebody can answer a question.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Ask whoever sits at the terminal. Only a clear yes is one. The terminal stays as it is, so that Ctrl-C does what it
/// always does.
pub(crate) async fn ask(question: &str) -> Result<bool> {
    SPINNERS.suspend(|| eprint!("{question} [y/N] "));
    let read = || {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer)
    };
    let answer = tokio::task::spawn_blocking(read).await.context("the question was interrupted")?;
    let answer = answer.context("there is no answer")?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
