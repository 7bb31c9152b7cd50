//! Data is never removed, and a marker counts as removed only if it is gone.

use std::collections::{BTreeSet, HashMap};

use super::super::error::Unrestorable;
use super::listing::KeyVersions;
use super::{ObjectVerdict, Verdicts, Version};

fn version(id: &str) -> Version {
    Version { bucket: "bucket".to_owned(), key: "key".to_owned(), id: id.to_owned() }
}

/// Returns the verdicts on records of these versions of a key.
///
/// The key has the listed versions: id, whether it is a marker, time.
fn verdicts(planned: &[&str], listed: &[(&str, bool, i64)]) -> Verdicts {
    let newest = |is_wanted: &dyn Fn(&str, bool) -> bool| {
        let times = listed.iter().filter(|(id, is_marker, _)| is_wanted(id, *is_marker));
        times.map(|(_, _, modified)| *modified).max()
    };
    let is_planned = |id: &str| planned.contains(&id);
    let wanted = listed.iter().filter(|(id, ..)| is_planned(id));
    let versions = KeyVersions {
        is_marker: wanted.map(|(id, is_marker, _)| ((*id).to_owned(), *is_marker)).collect(),
        newest_data: newest(&|_, is_marker| !is_marker),
        newest_other_marker: newest(&|id, is_marker| is_marker && !is_planned(id)),
        is_hidden: listed.first().is_some_and(|(_, is_marker, _)| *is_marker),
    };
    let keys = if listed.is_empty() { HashMap::new() } else { HashMap::from([("key".to_owned(), versions)]) };
    let buckets = HashMap::from([("bucket".to_owned(), Some(keys))]);
    let versions: BTreeSet<Version> = planned.iter().map(|id| version(id)).collect();
    Verdicts { buckets, versions }
}

fn verdict(listed: &[(&str, bool, i64)]) -> ObjectVerdict {
    verdicts(&["marker"], listed).for_version(&version("marker"))
}

#[test]
fn data_version_is_never_removed_and_object_without_data_is_not_restored() {
    assert_eq!(verdict(&[("marker", true, 2), ("data", false, 1)]), ObjectVerdict::RemoveMarker);
    assert_eq!(verdict(&[("data", false, 1)]), ObjectVerdict::MarkerGone);
    let reason = |listed| match verdict(listed) {
        ObjectVerdict::Unrestorable(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&[("marker", false, 1)]), Unrestorable::DataVersion);
    assert_eq!(reason(&[("marker", true, 1)]), Unrestorable::NoObject);
    assert_eq!(reason(&[]), Unrestorable::NoObject);
}

#[test]
fn object_behind_another_marker_may_stay_hidden() {
    let shared = [("second", true, 3), ("first", true, 2), ("data", false, 1)];
    for (planned, may_stay_hidden) in
        [(&["first"][..], true), (&["second"], true), (&["first", "second"], false), (&["unknown"], true)]
    {
        let verdicts = verdicts(planned, &shared);
        for id in planned {
            assert_eq!(verdicts.may_stay_hidden(&version(id)), may_stay_hidden, "{planned:?}");
        }
    }
    let tie = [("mine", true, 2), ("data", false, 1), ("other", true, 1)];
    assert!(verdicts(&["mine"], &tie).may_stay_hidden(&version("mine")));
}

#[test]
fn marker_older_than_the_data_hides_nothing() {
    let listed = [("mine", true, 4), ("data", false, 3), ("old", true, 2), ("older data", false, 1)];
    assert!(!verdicts(&["mine"], &listed).may_stay_hidden(&version("mine")));
}
