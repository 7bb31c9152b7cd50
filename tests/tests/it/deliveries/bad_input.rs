//! Invalid messages, rows and records: each has a defined outcome, and affects no other message.

use faults::trial::{Dataset, Delivery, Package, Record, Trial};
use serde_json::{Value, json};

use super::{message, model, outcome, trial};

/// Returns a message of another kind.
fn changed(dataset: &Dataset, position: usize, change: impl FnOnce(&mut Value)) -> Delivery {
    let mut body: Value = serde_json::from_str(&dataset.message(position)).unwrap();
    change(&mut body);
    Delivery::new(body.to_string())
}

/// Invokes the function with an invalid message between two valid ones, which must succeed; says whether the invalid one
/// must be received again.
async fn fails(trial: &Trial, bad: Delivery) -> bool {
    let packages = [Package::file(None, "first.csv", 1), Package::file(None, "last.csv", 2)];
    let packages = packages.map(Package::restoring);
    let dataset = trial.dataset(&packages).await.unwrap();
    let batch = [message(&dataset, 0), bad, message(&dataset, 1)];
    let failures = trial.invoke(&batch).await.unwrap();
    let state = trial.end_state(&dataset, &packages).await.unwrap();
    assert!(state.packages.iter().all(|package| package.state == "READY"), "{state:?}");
    trial.take_changelog().await.unwrap();
    assert!(failures.is_empty() || failures == [batch[1].id.clone()], "{failures:?}");
    !failures.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_and_unknown_package_become_dead_letters() {
    let trial = trial("bad-messages").await;
    let packages = [Package::file(None, "untouched.csv", 1).restoring()];
    let dataset = trial.dataset(&packages).await.unwrap();
    let body = |text: &str| Delivery::new(text.to_owned());
    let change =
        |path: &str, value: Value| changed(&dataset, 0, |body| *body.pointer_mut(path).unwrap() = value);
    let other = trial.dataset(&[]).await.unwrap();
    let bad = [
        ("no JSON", body("restore it, please")),
        ("nothing", body("")),
        ("an array", body("[1]")),
        ("a text for an id", change("/package/id", json!("1"))),
        ("a fraction for an id", change("/orgId", json!(1.5))),
        ("an id beyond 32 bits", change("/package/id", json!(1_i64 << 40))),
        ("no package", change("/package", Value::Null)),
        ("an unknown organization", change("/orgId", json!(999_999))),
        ("a negative organization", change("/orgId", json!(-1))),
        ("an unknown package", change("/package/id", json!(0))),
        ("another node id", change("/package/nodeId", json!("N:package:other"))),
        ("SQL in the node id", change("/package/nodeId", json!("'; DROP SCHEMA pennsieve CASCADE; --"))),
        ("a NUL in the node id", change("/package/nodeId", json!("N:\u{0}"))),
        ("another dataset", change("/datasetId", json!(other.id))),
        ("an unknown dataset", change("/datasetId", json!(i32::MAX))),
    ];
    for (what, message) in bad {
        assert!(fails(&trial, message).await, "{what} is taken for done");
    }
    assert_eq!(trial.end_state(&dataset, &packages).await.unwrap(), model::beginning(&packages));
    let log = trial.log().await.unwrap();
    assert!(!log.contains("restore it, please"), "a body is never logged");
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dataset_of_another_organization_is_not_found() {
    let (trial, other) = (trial("organization").await, super::trial("other-organization").await);
    // Both have the same ids.
    let packages = [Package::file(None, "a.csv", 1).restoring()];
    let own = trial.dataset(&packages).await.unwrap();
    let theirs = other.dataset(&packages).await.unwrap();
    let across = changed(&own, 0, |body| body["orgId"] = json!(other.organization));
    assert!(fails(&trial, across).await);
    let (own, theirs) = (trial.end_state(&own, &packages).await, other.end_state(&theirs, &packages).await);
    assert_eq!(own.unwrap(), model::beginning(&packages));
    assert_eq!(theirs.unwrap(), model::beginning(&packages));
    trial.end().await;
    other.end().await;
}

/// Restores the package at position 0, as the model says, in a batch with valid messages.
async fn ends_as_the_model_says(trial: &Trial, what: &str, packages: Vec<Package>) {
    let dataset = trial.dataset(&packages).await.unwrap();
    let message = message(&dataset, 0);
    assert!(!fails(trial, message).await, "{what}");
    let (state, _) = outcome(trial, &dataset, &packages).await;
    assert_eq!(state, model::restored(&packages, 0).0, "{what}");
}

fn with_record(record: Record) -> Package {
    let mut file = Package::file(None, "a.csv", 3).restoring();
    file.object.as_mut().unwrap().record = record;
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_and_records_have_defined_outcomes() {
    let trial = trial("bad-rows").await;
    for record in [
        Record::Missing,
        Record::Data,
        Record::NoData,
        Record::NoBucket,
        Record::NoVersion,
        Record::OtherMarker,
    ] {
        let file = with_record(record);
        assert_eq!(model::restored(std::slice::from_ref(&file), 0).0.packages[0].state, "DELETED");
        ends_as_the_model_says(&trial, &format!("{record:?}"), vec![file]).await;
    }
    for size in ["", "many", "-1", "99999999999999999999", "1e3"] {
        let mut file = with_record(Record::Marker);
        file.source_sizes = vec![None];
        file.object.as_mut().unwrap().size = size.to_owned();
        ends_as_the_model_says(&trial, size, vec![file]).await;
    }
    for sizes in [vec![Some(-5)], vec![Some(-5), Some(7)], vec![None, Some(-5)]] {
        let what = format!("files of {sizes:?} bytes");
        ends_as_the_model_says(
            &trial,
            &what,
            vec![Package { source_sizes: sizes, ..with_record(Record::Marker) }],
        )
        .await;
    }
    let without_source = Package { source_sizes: Vec::new(), ..with_record(Record::Marker) };
    ends_as_the_model_says(&trial, "no source file", vec![without_source]).await;
    let without_prefix = Package { name: "a.csv".to_owned(), ..with_record(Record::Marker) };
    ends_as_the_model_says(&trial, "a name without its prefix", vec![without_prefix]).await;
    let other_prefix =
        Package { name: "__DELETED__N:package:other_a.csv".to_owned(), ..with_record(Record::Marker) };
    ends_as_the_model_says(&trial, "the prefix of another", vec![other_prefix]).await;

    let share = |package: Package| {
        let mut package = package;
        package.object.as_mut().unwrap().key = "shared".to_owned();
        package
    };
    let both = vec![
        Package::folder(None, "f").restoring(),
        share(Package::file(Some(0), "a.csv", 1)),
        share(Package::file(Some(0), "b.csv", 2)),
    ];
    ends_as_the_model_says(&trial, "two packages of one object", both).await;
    let apart = vec![share(with_record(Record::Marker)), share(Package::file(None, "b.csv", 2))];
    ends_as_the_model_says(&trial, "one of two packages of one object", apart).await;

    let circle = vec![
        Package::folder(Some(1), "a").restoring(),
        Package::folder(Some(2), "b"),
        Package::folder(Some(0), "c"),
        Package::published(Some(0), "d", 5),
    ];
    ends_as_the_model_says(&trial, "a circle of folders", circle).await;
    let itself = vec![Package::folder(Some(0), "a").restoring(), Package::published(Some(0), "d", 5)];
    ends_as_the_model_says(&trial, "a folder in itself", itself).await;
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_and_counters_stop_at_the_maximum_of_bigint() {
    let trial = trial("huge-sizes").await;
    let file = |name, sizes: &[i64]| Package {
        source_sizes: sizes.iter().copied().map(Some).collect(),
        ..Package::file(Some(0), name, 1)
    };
    for sizes in [&[i64::MAX, 1][..], &[i64::MAX, i64::MAX, -1], &[i64::MIN, -1]] {
        let packages =
            vec![Package::folder(None, "f").restoring(), file("a.csv", sizes), file("b.csv", &[5, i64::MAX])];
        ends_as_the_model_says(&trial, &format!("{sizes:?}"), packages).await;
    }
    assert_eq!(trial.organization_storage().await.unwrap(), i64::MAX);
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_long_names_have_at_most_255_characters() {
    let trial = trial("long-names").await;
    // The prefix of a deleted package has 58 characters; a name without one may have 255.
    let long = format!("{}.csv", "é".repeat(193));
    let longest = format!("{}.csv", "x".repeat(251));
    let packages = vec![
        Package::folder(None, "f").restoring(),
        Package::published(Some(0), &long, 1),
        Package::published(Some(0), &long, 1),
        Package { name: longest.clone(), ..Package::published(Some(0), "", 1) },
    ];
    let dataset = trial.dataset(&packages).await.unwrap();
    assert!(!fails(&trial, message(&dataset, 0)).await);
    let (state, _) = outcome(&trial, &dataset, &packages).await;
    assert_eq!(state, model::restored(&packages, 0).0);
    let names: Vec<&str> = state.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names[1..], [&*long, &*format!("{}-restored_1.csv", "é".repeat(193)), &*longest]);
    assert!(names.iter().all(|name| name.chars().count() <= 255));
    trial.end().await;
}
