//! Data is never removed, and nothing counts as removed that may be there.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_s3::types::Error;

use super::super::records::DeleteRecord;
use super::listing::Listed;
use super::{ObjectVerdict, Unrestorable, Verdicts, Version, failures_of};

fn version(key: &str, id: &str) -> Version {
    Version { bucket: "bucket".to_owned(), key: key.to_owned(), id: id.to_owned() }
}

/// Verdicts for a message that plans to remove some markers of a key with these versions (id, marker or not, time).
fn verdicts(planned: &[&str], listed: &[(&str, bool, i64)]) -> Verdicts {
    let listed = listed
        .iter()
        .map(|(id, is_marker, modified)| Listed {
            id: (*id).to_owned(),
            is_marker: *is_marker,
            modified: *modified,
        })
        .collect();
    let keys = HashMap::from([("key".to_owned(), listed)]);
    let buckets = HashMap::from([("bucket".to_owned(), Some(keys))]);
    let versions: BTreeSet<Version> = planned.iter().map(|id| version("key", id)).collect();
    Verdicts { buckets, versions }
}

fn verdict(listed: &[(&str, bool, i64)]) -> ObjectVerdict {
    verdicts(&["marker"], listed).on(&version("key", "marker"))
}

#[test]
fn a_data_version_is_never_removed_and_nothing_is_restored_from_nothing() {
    assert_eq!(verdict(&[("marker", true, 2), ("data", false, 1)]), ObjectVerdict::RemoveMarker);
    assert_eq!(verdict(&[("data", false, 1)]), ObjectVerdict::MarkerGone);
    let refused = |listed| match verdict(listed) {
        ObjectVerdict::Unrestorable(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[("marker", false, 1)]), Unrestorable::DataVersion);
    assert_eq!(refused(&[("marker", true, 1)]), Unrestorable::NoObject);
    assert_eq!(refused(&[]), Unrestorable::NoObject);
}

#[test]
fn packages_that_share_an_object_can_be_restored_apart_and_together() {
    let listed = [("second", true, 3), ("first", true, 2), ("data", false, 1)];
    for (planned, stays_hidden) in
        [(&["first"][..], true), (&["second"], true), (&["first", "second"], false)]
    {
        let verdicts = verdicts(planned, &listed);
        for id in planned {
            let record = DeleteRecord { node_id: String::new(), version: version("key", id), object_size: 0 };
            assert_eq!(verdicts.of(&record), ObjectVerdict::RemoveMarker);
            assert_eq!(verdicts.stays_hidden(&record), stays_hidden, "{planned:?}");
        }
    }
}

#[test]
fn a_marker_below_the_data_hides_nothing() {
    let record = DeleteRecord { node_id: String::new(), version: version("key", "mine"), object_size: 0 };
    let listed = [("mine", true, 4), ("data", false, 3), ("old", true, 2), ("older data", false, 1)];
    assert!(!verdicts(&["mine"], &listed).stays_hidden(&record));
}

#[test]
fn an_error_of_delete_objects_never_counts_as_success() {
    let (one, two, other) = (version("key", "1"), version("key", "2"), version("other", "1"));
    let open = [&one, &two, &other];
    let error = |key: Option<&str>, id: Option<&str>, code: &str| {
        Error::builder()
            .set_key(key.map(str::to_owned))
            .set_version_id(id.map(str::to_owned))
            .code(code)
            .build()
    };
    let failures = |error| failures_of(&open, &[error]).map(|failures| (failures.refused, failures.again));

    assert_eq!(failures(error(Some("key"), Some("2"), "AccessDenied")).unwrap(), (vec![&two], vec![]));
    for unnamed in [None, Some("")] {
        assert_eq!(
            failures(error(Some("key"), unnamed, "AccessDenied")).unwrap(),
            (vec![&one, &two], vec![])
        );
    }
    for passing in ["SlowDown", "InternalError", "Throttling", "", "NeverHeardOf"] {
        assert_eq!(failures(error(Some("other"), Some("1"), passing)).unwrap(), (vec![], vec![&other]));
    }
    assert_eq!(failures(error(Some("key"), Some("1"), "NoSuchVersion")).unwrap(), (vec![], vec![]));
    assert!(failures(error(None, None, "AccessDenied")).is_err());
    assert!(failures(error(Some("key"), Some("3"), "AccessDenied")).is_err());
}
