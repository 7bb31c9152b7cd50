//! Compares what CloudFormation would do with what the review shows.

use std::collections::BTreeMap;

use stack::ResourceAction;

use crate::apply::ProposedChange;

/// Returns the changes that go beyond those of a review.
///
/// A resource that only may change, because of a reference to one that does, changes by what was reviewed.
pub(super) fn unreviewed<'a>(
    reviewed: &BTreeMap<&str, ResourceAction>,
    proposed: &'a [ProposedChange],
) -> Vec<&'a ProposedChange> {
    let is_reviewed = |change: &&ProposedChange| {
        let reviewed = reviewed.get(change.logical_id.as_str());
        change.action == ResourceAction::MayChange
            || reviewed.is_some_and(|action| action.includes(change.action))
    };
    proposed.iter().filter(|change| !is_reviewed(change)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(logical_id: &str, action: ResourceAction, causes: &[&str]) -> ProposedChange {
        ProposedChange {
            logical_id: logical_id.to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            action,
            causes: causes.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn changes_beyond_the_review_are_found_and_described() {
        let reviewed = BTreeMap::from([
            ("Alarm", ResourceAction::Change),
            ("Old", ResourceAction::Remove),
            ("Queue", ResourceAction::Change),
        ]);
        let changes = [
            proposed("Alarm", ResourceAction::MayChange, &[]),
            proposed("Old", ResourceAction::Remove, &[]),
            proposed("Queue", ResourceAction::Replace, &[]),
            proposed("Policy", ResourceAction::Change, &["Queue.Arn", "Role.Arn"]),
            proposed("Dashboard", ResourceAction::MayChange, &["Queue.Arn"]),
        ];
        let lines: Vec<_> =
            unreviewed(&reviewed, &changes).into_iter().map(ProposedChange::to_text).collect();
        assert_eq!(
            lines,
            [
                "Queue (AWS::SQS::Queue) is replaced",
                "Policy (AWS::SQS::Queue) changes with Queue.Arn, Role.Arn"
            ]
        );
    }
}
