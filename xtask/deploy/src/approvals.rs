//! What a person has to allow, by name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use stack::Consequence;

use crate::review::Review;

/// A kind of change that needs more than a confirmation, and the name of what changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approval {
    /// A statement of a policy, or a resource, that allows more than before: `iam:ReadStorage`.
    Permission(String),
    /// A resource that loses data, by logical ID: `data:RestoreQueue`.
    Data(String),
    /// A route that opens, or that breaks clients, or a resource that rejects what it accepted: `api:GET /presign/s3`.
    Api(String),
}

impl FromStr for Approval {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text.split_once(':') {
            Some(("iam", name)) if !name.is_empty() => Self::Permission(name.to_owned()),
            Some(("data", name)) if !name.is_empty() => Self::Data(name.to_owned()),
            Some(("api", name)) if !name.is_empty() => Self::Api(name.to_owned()),
            _ => bail!("expected iam:STATEMENT, data:LOGICAL-ID, or api:ROUTE, as the review names them"),
        })
    }
}

impl fmt::Display for Approval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permission(name) => write!(formatter, "iam:{name}"),
            Self::Data(name) => write!(formatter, "data:{name}"),
            Self::Api(name) => write!(formatter, "api:{name}"),
        }
    }
}

/// What a person has allowed.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Everything that widens permissions or access.
    pub widening: bool,
    /// Every loss of data.
    pub data_loss: bool,
    /// What was named.
    pub named: BTreeSet<Approval>,
}

impl Approvals {
    /// Returns whether a resource may lose its data.
    pub(crate) fn allow_loss_of(&self, logical_id: &str) -> bool {
        self.data_loss || self.named.contains(&Approval::Data(logical_id.to_owned()))
    }

    /// Returns what a review needs beyond what was allowed.
    pub(crate) fn missing(&self, review: &Review, is_protected: bool) -> MissingApprovals {
        let unless = |is_allowed: bool, needed: BTreeSet<Approval>| {
            if is_allowed { BTreeSet::new() } else { &needed - &self.named }
        };
        MissingApprovals {
            data_loss: unless(self.data_loss, data_loss(review)),
            widening: unless(self.widening, widening(review)),
            breaking: unless(!is_protected, breaking(review)),
        }
    }

    /// Returns what was named although nothing in the review needs it, because of a typing error for example.
    pub(crate) fn unused(&self, review: &Review) -> Vec<&Approval> {
        let needed = [data_loss(review), widening(review), breaking(review)];
        let is_needed = |approval: &&Approval| needed.iter().any(|set| set.contains(*approval));
        self.named.iter().filter(|approval| !is_needed(approval)).collect()
    }
}

/// The approvals that a review needs and that were not given.
pub(crate) struct MissingApprovals {
    /// Resources that lose data.
    pub(crate) data_loss: BTreeSet<Approval>,
    /// What widens permissions or access.
    pub(crate) widening: BTreeSet<Approval>,
    /// What breaks the API clients of a protected environment.
    pub(crate) breaking: BTreeSet<Approval>,
}

fn data_loss(review: &Review) -> BTreeSet<Approval> {
    review.endangered().into_iter().map(|id| Approval::Data(id.to_owned())).collect()
}

fn widening(review: &Review) -> BTreeSet<Approval> {
    // There were no permissions before a new stack.
    if review.creates_stack {
        return BTreeSet::new();
    }
    let grants = review.template.widening().map(|grant| Approval::Permission(grant.statement.clone()));
    let findings = review.template.findings(Consequence::Opens);
    let findings = findings.map(|finding| Approval::Permission(finding.resource.clone()));
    let routes = review.contract.changes().iter().filter(|change| change.opens);
    grants.chain(findings).chain(routes.map(|change| Approval::Api(change.route().to_owned()))).collect()
}

fn breaking(review: &Review) -> BTreeSet<Approval> {
    let findings = review.template.findings(Consequence::Closes);
    let findings = findings.map(|finding| Approval::Api(finding.resource.clone()));
    let routes = review.contract.changes().iter().filter(|change| change.breaking);
    findings.chain(routes.map(|change| Approval::Api(change.route().to_owned()))).collect()
}

/// Returns options that allow these changes.
pub(crate) fn to_options(approvals: impl IntoIterator<Item = Approval>) -> String {
    let option = |approval: Approval| {
        let text = approval.to_string();
        let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || ":-_./".contains(letter));
        if is_plain {
            format!("--allow {text}")
        } else {
            format!("--allow '{}'", text.replace('\'', r"'\''"))
        }
    };
    approvals.into_iter().map(option).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Approval, to_options};

    #[test]
    fn approval_has_a_kind_and_a_name() {
        for text in ["iam:ReadStorage", "data:RestoreQueue", "api:GET /presign/s3", "iam:Policy[0]"] {
            assert_eq!(text.parse::<Approval>().unwrap().to_string(), text);
        }
        for text in ["", "iam", "iam:", "data:", "other:x", "ReadStorage"] {
            assert!(text.parse::<Approval>().is_err(), "{text}");
        }
    }

    #[test]
    fn options_can_be_pasted_into_a_shell() {
        let approvals = ["iam:More", "api:GET /presign/s3", "iam:it's"].map(|text| text.parse().unwrap());
        assert_eq!(
            to_options(approvals),
            r"--allow iam:More --allow 'api:GET /presign/s3' --allow 'iam:it'\''s'"
        );
    }
}
