//! What whoever deploys allows, and wants to have.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use stack::Environment;

use crate::apply::Mode;
use crate::consent::Consent;
use crate::deployed_stack::Outputs;
use crate::review::Review;

/// Options of everything that deploys.
#[derive(Args, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Options {
    /// Do not ask before the changes are made.
    #[arg(long)]
    yes: bool,
    /// Let somebody have more rights than now.
    #[arg(long)]
    allow_iam_widening: bool,
    /// Let what holds data be replaced or removed.
    #[arg(long)]
    allow_data_loss: bool,
    /// Do not wait until every resource has stabilised; not for a protected environment.
    #[arg(long)]
    express: bool,
    /// Finish a rollback that got stuck without this resource, which stays as it is.
    #[arg(long, value_name = "LOGICAL-ID")]
    skip: Vec<String>,
    /// Write the stack's outputs to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    outputs: Option<PathBuf>,
}

impl Options {
    /// Refuse what an environment does not bear.
    pub(crate) fn check(&self, environment: &Environment) -> Result<()> {
        if self.express && environment.protected {
            bail!(
                "environment {} is protected: --express would call a deployment done before its resources are",
                environment.name
            );
        }
        Ok(())
    }

    pub(super) fn consent(&self) -> Consent {
        Consent::of(self.yes)
    }

    pub(super) fn mode(&self) -> Mode {
        if self.express { Mode::Express } else { Mode::Standard }
    }

    pub(super) fn skip(&self) -> &[String] {
        &self.skip
    }

    pub(super) fn may_lose_data(&self) -> bool {
        self.allow_data_loss
    }

    /// Refuse a review that shows what was not allowed by a flag of its own: a person who agrees to forty harmless
    /// changes may overlook the one that is not.
    pub(super) fn judge(&self, review: &Review) -> Result<()> {
        let mut refusals = Vec::new();
        let taken = review.conflicts().len();
        if taken > 0 {
            refusals.push(format!(
                "names are taken ({taken}, marked above with what to do; docs/taking-over.md tells more)"
            ));
        }
        if !self.allow_data_loss {
            let lost: Vec<&str> = review.endangered().into_iter().collect();
            if !lost.is_empty() {
                let lost = lost.join(", ");
                refusals.push(format!(
                    "it would lose the data of {lost}; pass --allow-data-loss if that is meant"
                ));
            }
        }
        if !self.allow_iam_widening {
            let widening = review.widening();
            if widening > 0 {
                refusals.push(format!(
                    "it would widen permissions or access ({widening}, marked above); \
                     pass --allow-iam-widening if that is meant"
                ));
            }
        }
        if refusals.is_empty() {
            return Ok(());
        }
        bail!("nothing was changed: {}", refusals.join("\n  and "))
    }

    /// Write the outputs where they are wanted.
    pub(super) fn write_outputs(&self, outputs: &Outputs) -> Result<()> {
        let Some(path) = &self.outputs else { return Ok(()) };
        write(path, &outputs.to_json()?).with_context(|| {
            format!(
                "everything is deployed, but its outputs could not be written to {}; \
                 `cargo xtask outputs` prints them",
                path.display()
            )
        })
    }
}

fn write(path: &Path, json: &str) -> std::io::Result<()> {
    std::fs::write(path, format!("{json}\n"))
}
