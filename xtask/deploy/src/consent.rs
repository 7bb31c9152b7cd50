//! Agreeing to changes before they are made.

use anyhow::{Result, bail};

use crate::operator::Operator;

/// Who agrees to the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Whoever sits at the terminal is asked.
    Ask,
    /// It was given beforehand.
    Given,
    /// Nobody needs to: the stack is that of this machine, and made anew at each start.
    Implied,
}

impl Consent {
    /// What `--yes` says.
    pub fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// Have somebody agree to what was just shown.
pub async fn agree(consent: Consent, question: &str, operator: &dyn Operator) -> Result<()> {
    if consent != Consent::Ask {
        return Ok(());
    }
    if operator.confirm(question).await? { Ok(()) } else { bail!("not confirmed; nothing was changed") }
}
