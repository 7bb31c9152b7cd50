//! Shows what a deployment would change, and asks for confirmation.

use anyhow::{Result, bail};

use super::{Deployment, Subject};
use crate::apply::ProposedChange;
use crate::consent::Consent;
use crate::deployment::survey::Survey;
use crate::deployment::unreviewed::unreviewed;
use crate::plan::Plan;
use crate::review::Review;

impl Deployment<'_> {
    /// Returns an error if a plan is to be applied, and anything has changed since it was made.
    pub(super) fn require_plan(&self, survey: &Survey) -> Result<()> {
        let Some(plan) = &self.options.plan else { return Ok(()) };
        let release = survey.release.as_ref().map(|release| release.id.clone());
        let now = Plan::new(self.environment, self.connection, release, &survey.candidate, &survey.review)?;
        plan.ensure_current(&now)
    }

    /// Shows what CloudFormation would do beyond the review, and asks for confirmation.
    ///
    /// Without a prompt, nothing may be deleted that the review does not show.
    pub(super) async fn confirm_unreviewed(
        &self,
        review: &Review,
        proposed: &[ProposedChange],
    ) -> Result<()> {
        let unreviewed = unreviewed(&review.actions(), proposed);
        if unreviewed.is_empty() || self.options.consent == Consent::Implied {
            return Ok(());
        }
        self.note("  CloudFormation would do what the review does not show:");
        for change in &unreviewed {
            self.note(&format!("    {}", change.to_text()));
        }
        let deleted: Vec<&str> = unreviewed
            .iter()
            .filter(|change| change.action.may_delete())
            .map(|change| change.logical_id.as_str())
            .collect();
        match self.options.consent {
            Consent::Ask => self.lock.require_confirmation(Consent::Ask, "Make these changes too?").await,
            _ if deleted.is_empty() => Ok(()),
            _ => bail!(
                "nothing was changed: the review does not show that {} may be deleted; to confirm it, deploy \
                 without --yes",
                deleted.join(", ")
            ),
        }
    }

    /// Returns the question that has to be confirmed, and reports why the release of a rollback may not work.
    ///
    /// Without a prompt, a release that was not verified requires a flag.
    pub(super) fn question(&self, survey: &Survey) -> Result<&'static str> {
        let release = survey.release.as_ref().filter(|_| matches!(self.subject, Subject::Rollback(_)));
        let Some((release, doubt)) = release.and_then(|release| Some((release, release.doubt()?))) else {
            return Ok("Make these changes?");
        };
        let is_allowed = release.is_verified() || self.options.allow_unverified;
        if self.options.consent != Consent::Ask && !is_allowed {
            bail!("nothing was changed: {doubt}; to deploy it anyway, pass --allow-unverified");
        }
        self.note(&format!("  {doubt}"));
        Ok("Deploy this release anyway?")
    }

    /// Shows what would change, and rejects changes that require a flag that was not passed.
    pub(super) fn show(&self, review: &Review) -> Result<()> {
        if self.options.consent == Consent::Implied {
            return Ok(());
        }
        (self.show)(review);
        for approval in self.options.approvals.unused(review) {
            self.note(&format!("  nothing in this review needs --allow {approval}"));
        }
        self.options.check_review(review, self.environment)
    }
}
