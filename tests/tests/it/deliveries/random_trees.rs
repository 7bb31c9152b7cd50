//! Random trees, compared with the model.

use std::collections::HashSet;

use faults::trial::{Object, Package, Record, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use super::{message, model, outcome, trial};

const CASES: u32 = 150;
/// The seed of a failed run, to repeat it.
const SEED_VARIABLE: &str = "RESTORE_TREES_SEED";
const MAXIMUM_PACKAGES: usize = 14;

const NAMES: [&str; 6] = ["a.csv", "a", "a-restored_1.csv", "b.tar.gz", "é \u{1f9e0}.txt", ".hidden"];
const RECORDS: [Record; 8] = [
    Record::Missing,
    Record::Marker,
    Record::RemovedMarker,
    Record::Data,
    Record::NoData,
    Record::NoBucket,
    Record::NoVersion,
    Record::OtherMarker,
];
const SIZES: [&str; 4] = ["", "12", "many", "-5"];

#[derive(Clone, Debug)]
struct Tree {
    packages: Vec<Package>,
    target: usize,
}

fn object() -> impl Strategy<Value = Option<Object>> {
    let record = prop_oneof![6 => Just(Record::Marker), 4 => prop::sample::select(&RECORDS[..])];
    let object = (0..6_u8, record, prop::sample::select(&SIZES[..])).prop_map(|(key, record, size)| Object {
        key: format!("object {key}"),
        record,
        size: size.to_owned(),
    });
    prop::option::weighted(0.9, object)
}

fn file() -> impl Strategy<Value = Package> {
    let sizes = prop::collection::vec(prop::option::weighted(0.8, -9..1000_i64), 0..4);
    let published = prop_oneof![4 => Just(0_usize), 1 => 0..4_usize];
    (sizes, published, object()).prop_map(|(source_sizes, published, object)| Package {
        published: published.min(source_sizes.len()),
        source_sizes,
        object,
        ..Package::file(None, "", 0)
    })
}

fn package() -> impl Strategy<Value = Package> {
    let kind = prop_oneof![Just(Package::folder(None, "")).boxed(), file().boxed()];
    let state = prop_oneof![
        8 => Just("DELETED"), 1 => Just("READY"), 1 => Just("DELETING"), 1 => Just("RESTORING"),
    ];
    (kind, state, prop::sample::select(&NAMES[..]), prop::bool::weighted(0.9)).prop_map(
        |(package, state, name, has_prefix)| {
            let has_prefix = has_prefix && state != "READY";
            let name = if has_prefix { format!("__DELETED__{{node_id}}_{name}") } else { name.to_owned() };
            Package { state, name, ..package }
        },
    )
}

/// Returns mostly trees; sometimes a parent is any package, so that there are cycles and parents that are not folders.
fn tree() -> impl Strategy<Value = Tree> {
    let packages =
        prop::collection::vec((package(), any::<prop::sample::Index>(), 0..20_u8), 1..MAXIMUM_PACKAGES);
    (packages, any::<prop::sample::Index>(), prop::bool::weighted(0.9)).prop_map(
        |(drawn, target, is_restoring)| {
            let count = drawn.len();
            let target = target.index(count);
            let mut taken = HashSet::new();
            let mut packages: Vec<Package> = Vec::new();
            for (position, (package, parent, how)) in drawn.into_iter().enumerate() {
                let parent = match how {
                    0 => Some(parent.index(count)),
                    1..4 => None,
                    _ => position.checked_sub(1).map(|_| parent.index(position)),
                };
                let mut package = Package { parent, ..package };
                if position == target && is_restoring {
                    package.state = "RESTORING";
                }
                // No two packages in a folder have the same name, unless it contains a node id.
                if !package.name.contains("{node_id}") {
                    while !taken.insert((parent, package.name.clone())) {
                        package.name.push('x');
                    }
                }
                packages.push(package);
            }
            Tree { packages, target }
        },
    )
}

async fn check(trial: &Trial, tree: &Tree) -> Result<(), TestCaseError> {
    let dataset = trial.dataset(&tree.packages).await.unwrap();
    let before = trial.organization_storage().await.unwrap();
    let beginning = trial.end_state(&dataset, &tree.packages).await.unwrap();
    prop_assert_eq!(beginning, model::beginning(&tree.packages), "the beginning");
    let message = message(&dataset, tree.target);
    let failures = trial.invoke(std::slice::from_ref(&message)).await.unwrap();
    prop_assert_eq!(failures, Vec::<String>::new());
    let expected = model::restored(&tree.packages, tree.target);
    let actual = outcome(trial, &dataset, &tree.packages).await;
    prop_assert_eq!(&actual, &expected);
    let counted = trial.organization_storage().await.unwrap() - before;
    prop_assert_eq!(counted, expected.0.dataset_storage);

    // A package that was restored once is not restored again.
    let again = trial.invoke(&[message]).await.unwrap();
    prop_assert_eq!(again, Vec::<String>::new());
    let (state, events) = outcome(trial, &dataset, &tree.packages).await;
    prop_assert_eq!(state.packages, expected.0.packages);
    prop_assert_eq!(events, Vec::new());
    Ok(())
}

#[test]
fn random_trees_end_as_the_model_says() {
    let seed = std::env::var(SEED_VARIABLE).ok().map(|seed| seed.parse().unwrap());
    let seed = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let trial = runtime.block_on(trial("trees"));
    let config = Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&tree(), |tree| runtime.block_on(check(&trial, &tree)));
    let log = runtime.block_on(trial.log()).unwrap_or_default();
    runtime.block_on(trial.end());
    if let Err(error) = outcome {
        let end: Vec<&str> = log.lines().rev().take(20).collect();
        panic!(
            "{SEED_VARIABLE}={seed} repeats this:\n{error}\nthe end of the function's log:\n{}",
            end.join("\n")
        );
    }
    println!("{CASES} random trees end as the model says (seed {seed})");
}
