//! What happens to a resource, and how many resources it happens to.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// What a deployment does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceAction {
    /// It is created.
    Add,
    /// It exists already, and becomes part of the stack.
    Import,
    /// A value that it refers to may change.
    MayChange,
    /// It is changed in place.
    Change,
    /// It is replaced if a value that it refers to changes.
    MayBeReplaced,
    /// Another resource takes its place.
    Replace,
    /// It leaves the stack.
    Remove,
}

impl ResourceAction {
    /// Whether somebody who agreed to this action has agreed to `other` too.
    ///
    /// A change includes that it may turn out to be unnecessary, and a replacement includes a change.
    pub fn includes(self, other: Self) -> bool {
        let severity = |action| match action {
            Self::MayChange | Self::Change => Some(0),
            Self::MayBeReplaced => Some(1),
            Self::Replace => Some(2),
            Self::Add | Self::Import | Self::Remove => None,
        };
        match (severity(self), severity(other)) {
            (Some(agreed), Some(other)) => agreed >= other,
            _ => self == other,
        }
    }

    /// Whether the resource that exists now may be deleted.
    pub fn may_delete(self) -> bool {
        matches!(self, Self::MayBeReplaced | Self::Replace | Self::Remove)
    }
}

/// The number of resources for each action, as one line for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionCounts(BTreeMap<ResourceAction, usize>);

impl FromIterator<ResourceAction> for ActionCounts {
    fn from_iter<I: IntoIterator<Item = ResourceAction>>(actions: I) -> Self {
        let mut counts = Self::default();
        for action in actions {
            *counts.0.entry(action).or_default() += 1;
        }
        counts
    }
}

impl ActionCounts {
    /// Returns what was done, without the actions that no resource had.
    pub fn done(&self) -> String {
        let parts = [
            (ResourceAction::Add, "added"),
            (ResourceAction::Import, "imported"),
            (ResourceAction::Change, "changed"),
            (ResourceAction::Replace, "replaced"),
            (ResourceAction::Remove, "removed"),
        ];
        let counted = parts
            .into_iter()
            .filter_map(|(action, what)| self.0.get(&action).map(|count| format!("{count} {what}")));
        counted.collect::<Vec<_>>().join(", ")
    }
}

impl Serialize for ActionCounts {
    /// Serializes every action, also those without a resource.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = [
            ResourceAction::Add,
            ResourceAction::Import,
            ResourceAction::MayChange,
            ResourceAction::Change,
            ResourceAction::MayBeReplaced,
            ResourceAction::Replace,
            ResourceAction::Remove,
        ];
        serializer.collect_map(all.map(|action| (action, self.0.get(&action).copied().unwrap_or_default())))
    }
}

impl fmt::Display for ActionCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |action| self.0.get(&action).copied().unwrap_or_default();
        write!(
            formatter,
            "{} to add, {} to change, {} to replace, {} to remove",
            count(ResourceAction::Add),
            count(ResourceAction::Change),
            count(ResourceAction::Replace),
            count(ResourceAction::Remove),
        )?;
        for (action, what) in [
            (ResourceAction::Import, "to import"),
            (ResourceAction::MayChange, "may change with them"),
            (ResourceAction::MayBeReplaced, "may be replaced with them"),
        ] {
            if count(action) > 0 {
                write!(formatter, ", {} {what}", count(action))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceAction::{Add, Change, Import, MayBeReplaced, MayChange, Remove, Replace};
    use super::{ActionCounts, ResourceAction};

    #[test]
    fn agreement_covers_only_what_is_not_more_severe() {
        let included = |agreed: ResourceAction| {
            let all = [Add, Import, MayChange, Change, MayBeReplaced, Replace, Remove];
            all.into_iter().filter(|other| agreed.includes(*other)).collect::<Vec<_>>()
        };
        assert_eq!(included(Add), [Add]);
        assert_eq!(included(MayChange), [MayChange, Change]);
        assert_eq!(included(Change), [MayChange, Change]);
        assert_eq!(included(MayBeReplaced), [MayChange, Change, MayBeReplaced]);
        assert_eq!(included(Replace), [MayChange, Change, MayBeReplaced, Replace]);
        assert_eq!(included(Remove), [Remove]);
    }

    #[test]
    fn counts_always_show_the_four_common_actions() {
        let counts =
            |actions: &[ResourceAction]| actions.iter().copied().collect::<ActionCounts>().to_string();
        assert_eq!(counts(&[]), "0 to add, 0 to change, 0 to replace, 0 to remove");
        assert_eq!(
            counts(&[Change, MayChange, Change, Import, MayBeReplaced, MayChange]),
            "0 to add, 2 to change, 0 to replace, 0 to remove, 1 to import, 2 may change with them, \
             1 may be replaced with them"
        );
        let done = [Change, MayChange, Change, Import].into_iter().collect::<ActionCounts>().done();
        assert_eq!(done, "1 imported, 2 changed");
    }
}
