//! Options of a deployment.

use std::time::Duration;

use anyhow::{Result, bail};
use stack::Environment;

use crate::apply::Mode;
use crate::consent::Consent;
use crate::review::Review;

/// What the user allows a deployment to do.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Options {
    /// How changes are confirmed.
    pub consent: Consent,
    /// Whether permissions may be widened.
    pub allow_iam_widening: bool,
    /// Whether resources that hold data may be replaced or removed.
    pub allow_data_loss: bool,
    /// Whether to continue before every resource has stabilized.
    pub express: bool,
    /// Whether a rollback may deploy a release that was not verified.
    pub allow_unverified: bool,
    /// The logical IDs of the resources to skip when a failed rollback is continued.
    pub skip: Vec<String>,
    /// How long to wait while another process holds the lock of the environment.
    pub wait_for_lock: Duration,
}

impl Options {
    /// Creates options that allow nothing beyond the default.
    pub fn new(consent: Consent) -> Self {
        Self {
            consent,
            allow_iam_widening: false,
            allow_data_loss: false,
            express: false,
            allow_unverified: false,
            skip: Vec::new(),
            wait_for_lock: Duration::ZERO,
        }
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

    /// Rejects a review with changes that require a flag that was not passed.
    ///
    /// Confirmation alone is not enough: a person who confirms forty harmless changes may overlook a harmful one.
    pub(super) fn check_review(&self, review: &Review) -> Result<()> {
        let mut rejections = Vec::new();
        let taken = review.conflicts().len();
        if taken > 0 {
            rejections.push(format!(
                "names are taken ({taken}, marked above with what to do; see docs/taking-over.md)"
            ));
        }
        if !self.allow_data_loss {
            let lost: Vec<&str> = review.endangered().into_iter().collect();
            if !lost.is_empty() {
                let lost = lost.join(", ");
                rejections
                    .push(format!("it would lose the data of {lost}; to allow it, pass --allow-data-loss"));
            }
        }
        if !self.allow_iam_widening {
            let widening = review.widening();
            if widening > 0 {
                rejections.push(format!(
                    "it would widen permissions or access ({widening}, marked above); to allow it, pass \
                     --allow-iam-widening"
                ));
            }
        }
        if rejections.is_empty() {
            return Ok(());
        }
        bail!("nothing was changed: {}", rejections.join("\n  and "))
    }
}
