//! What the person who deploys allows.

use anyhow::{Result, bail};
use stack::Environment;

use crate::apply::Mode;
use crate::consent::Consent;
use crate::review::Review;

/// What the person who deploys allows.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who confirms the changes.
    pub consent: Consent,
    /// Whether permissions may be widened.
    pub allow_iam_widening: bool,
    /// Whether a resource that holds data may be replaced or removed.
    pub allow_data_loss: bool,
    /// Whether not to wait until every resource has stabilized.
    pub express: bool,
    /// The logical ids of resources to leave as they are when a stuck rollback is finished.
    pub skip: Vec<String>,
}

impl Options {
    /// Options that allow nothing.
    pub fn new(consent: Consent) -> Self {
        Self { consent, allow_iam_widening: false, allow_data_loss: false, express: false, skip: Vec::new() }
    }

    /// Rejects options that a protected environment does not allow.
    pub fn check(&self, environment: &Environment) -> Result<()> {
        if self.express && environment.protected {
            bail!(
                "environment {} is protected: --express is not allowed, since it reports success before \
                 resources have stabilized",
                environment.name
            );
        }
        Ok(())
    }

    pub(super) fn mode(&self) -> Mode {
        if self.express { Mode::Express } else { Mode::Standard }
    }

    /// Rejects a review that shows what was not allowed by a flag of its own: a person who confirms forty harmless changes
    /// may overlook the one that is not.
    pub(super) fn judge(&self, review: &Review) -> Result<()> {
        let mut refusals = Vec::new();
        let taken = review.conflicts().len();
        if taken > 0 {
            refusals.push(format!(
                "names are taken ({taken}, marked above with what to do; see docs/taking-over.md)"
            ));
        }
        if !self.allow_data_loss {
            let lost: Vec<&str> = review.endangered().into_iter().collect();
            if !lost.is_empty() {
                let lost = lost.join(", ");
                refusals
                    .push(format!("it would lose the data of {lost}; to allow it, pass --allow-data-loss"));
            }
        }
        if !self.allow_iam_widening {
            let widening = review.widening();
            if widening > 0 {
                refusals.push(format!(
                    "it would widen permissions or access ({widening}, marked above); to allow it, pass \
                     --allow-iam-widening"
                ));
            }
        }
        if refusals.is_empty() {
            return Ok(());
        }
        bail!("nothing was changed: {}", refusals.join("\n  and "))
    }
}
