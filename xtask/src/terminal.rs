//! What people see.

use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Spinners of steps that run at the same time share the lines below the text.
static SPINNERS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Show an error with its causes, innermost last.
pub(crate) fn error(error: &anyhow::Error) {
    let mut lines = vec![error.to_string()];
    let mut last = lines[0].clone();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Libraries like to repeat their cause in their own message.
        if !last.contains(&cause) {
            lines.push(format!("  because: {cause}"));
        }
        last = cause;
    }
    eprintln!("\n{} {}", paint("error:", "1;31"), lines.join("\n"));
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

/// Colour for a terminal that wants it.
pub(crate) fn paint(text: &str, code: &str) -> String {
    paint_for(&std::io::stderr(), text, code)
}

/// The same for what goes to standard output.
pub(crate) fn paint_data(text: &str, code: &str) -> String {
    paint_for(&std::io::stdout(), text, code)
}

fn paint_for(stream: &impl IsTerminal, text: &str, code: &str) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stream.is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Whether somebody can answer a question.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
