//! Confirmation of changes before they are made.

use anyhow::{Result, bail};

use crate::operator::Operator;

/// How changes are confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The user is asked at the terminal.
    Ask,
    /// The user confirmed beforehand.
    Given,
    /// No confirmation is needed, because the stack is local and is recreated at each start.
    Implied,
}

impl Consent {
    /// Returns the consent for the value of `--yes`.
    pub fn from_yes_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Asks for confirmation of what was just shown, if necessary.
pub async fn require_confirmation(consent: Consent, question: &str, operator: &dyn Operator) -> Result<()> {
    if consent != Consent::Ask {
        return Ok(());
    }
    if operator.confirm(question).await? { Ok(()) } else { bail!("not confirmed; nothing was changed") }
}
