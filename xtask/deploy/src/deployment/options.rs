//! Options of a deployment.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use stack::Environment;

use crate::apply::Mode;
use crate::approvals::{Approvals, to_options};
use crate::consent::Consent;
use crate::plan::Plan;
use crate::review::Review;

/// What the user allows a deployment to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How changes are confirmed.
    pub consent: Consent,
    /// The changes that are allowed although a confirmation is not enough for them.
    pub approvals: Approvals,
    /// Whether to continue before every resource has stabilized.
    pub express: bool,
    /// Whether to end when CloudFormation has begun to make the changes.
    pub no_wait: bool,
    /// Whether a rollback may deploy a release that was not verified.
    pub allow_unverified: bool,
    /// The reviewed plan to apply, or to refuse if anything has changed since.
    pub plan: Option<Arc<Plan>>,
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
            approvals: Approvals::default(),
            express: false,
            no_wait: false,
            allow_unverified: false,
            plan: None,
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

    /// Rejects a review with changes that were not allowed.
    ///
    /// Confirmation alone is not enough: a person who confirms forty harmless changes may overlook a harmful one.
    pub(super) fn check_review(&self, review: &Review, environment: &Environment) -> Result<()> {
        let mut rejections = Vec::new();
        let taken = review.conflicts().len();
        if taken > 0 {
            rejections.push(format!(
                "names are taken ({taken}, marked above with what to do; see docs/taking-over.md)"
            ));
        }
        let missing = self.approvals.missing(review, environment.protected);
        if !missing.data_loss.is_empty() {
            rejections.push(format!(
                "it would lose the data of {}; to allow it, pass --allow-data-loss, or {}",
                review.endangered().into_iter().collect::<Vec<_>>().join(", "),
                to_options(missing.data_loss)
            ));
        }
        if !missing.widening.is_empty() {
            rejections.push(format!(
                "it would widen permissions or access ({}, marked above); to allow it, pass --allow-iam-widening, \
                 or {}",
                review.widening(),
                to_options(missing.widening)
            ));
        }
        if !missing.breaking.is_empty() {
            rejections.push(format!(
                "it would break API clients, and {} is protected; to allow it, pass {}",
                environment.name,
                to_options(missing.breaking)
            ));
        }
        if rejections.is_empty() {
            return Ok(());
        }
        bail!("nothing was changed: {}", rejections.join("\n  and "))
    }
}
