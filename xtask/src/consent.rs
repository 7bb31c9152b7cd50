//! Agreeing to changes before they are made.

use anyhow::{Context, Result, bail};
use dialoguer::Confirm;

use crate::terminal;

/// Who agrees to the changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Whoever sits at the terminal is asked.
    Ask,
    /// It was given beforehand.
    Given,
    /// Nobody needs to: the stack is that of this machine, and made anew at each start.
    Implied,
}

/// Have somebody agree to what was just shown.
pub(crate) fn agree(consent: Consent, question: &str) -> Result<()> {
    if consent != Consent::Ask {
        return Ok(());
    }
    if !terminal::can_ask() {
        bail!("nobody is here to agree to these changes; pass --yes to make them");
    }
    let agreed = Confirm::new().with_prompt(question).default(false).interact();
    if agreed.context("no answer")? { Ok(()) } else { bail!("not agreed; nothing was changed") }
}
