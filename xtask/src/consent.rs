//! Agreeing to changes before they are made.

use anyhow::{Context, Result, bail};
use dialoguer::Confirm;
use dialoguer::console::Term;

use crate::terminal;

/// Who agrees to the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Whoever sits at the terminal is asked.
    Ask,
    /// It was given beforehand.
    Given,
    /// Nobody needs to: the stack is that of this machine, and made anew at each start.
    Implied,
}

impl Consent {
    /// What `--yes` says.
    pub(crate) fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Have somebody agree to what was just shown.
pub(crate) async fn agree(consent: Consent, question: &str) -> Result<()> {
    if consent != Consent::Ask {
        return Ok(());
    }
    if !terminal::can_ask() {
        bail!("nobody is here to answer: {question} Pass --yes to agree");
    }
    let question = question.to_owned();
    let _cursor = Cursor;
    let asked = move || Confirm::new().with_prompt(question).default(false).interact();
    let agreed = tokio::task::spawn_blocking(asked).await.context("the question was interrupted")?;
    if agreed.context("no answer")? { Ok(()) } else { bail!("not agreed; nothing was changed") }
}

/// A question hides the cursor, and Ctrl-C in the middle of it would leave it hidden.
struct Cursor;

impl Drop for Cursor {
    fn drop(&mut self) {
        // A terminal that is gone has no cursor.
        let _ = Term::stderr().show_cursor();
    }
}
