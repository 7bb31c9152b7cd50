//! Folders that are much larger than any message, statement or response may be.

use std::collections::BTreeSet;

use faults::trial::Package;
use faults::{Fate, Service};

use super::{deliver, trial};

const WITH_OBJECTS: usize = 60;

/// Returns a folder with many published files in subfolders, and some files with objects.
fn folder(descendants: usize) -> Vec<Package> {
    let mut packages = vec![Package::folder(None, "large").restoring()];
    for number in 1..=descendants {
        let parent = Some((number - 1) / 1000 * 1000).filter(|parent| *parent > 0).unwrap_or(0);
        let name = format!("recording {number}.edf");
        packages.push(match number {
            _ if number % 1000 == 0 => Package::folder(Some(0), &format!("session {number}")),
            _ if number <= WITH_OBJECTS => Package::file(Some(parent), &name, 10),
            _ => Package::published(Some(parent), &name, 10),
        });
    }
    packages
}

async fn comes_back_whole(descendants: usize) {
    let trial = trial(&format!("large-{descendants}")).await;
    let packages = folder(descendants);
    let files = packages.iter().filter(|package| package.package_type != "Collection").count();
    let dataset = trial.dataset(&packages).await.unwrap();
    assert_eq!(deliver(&trial, dataset.message(0)).await, 1);
    assert!(trial.faults.calls(Service::Database) <= 15, "{:?}", trial.faults.tallies(Service::Database));

    let state = trial.end_state(&dataset, &packages).await.unwrap();
    assert!(state.packages.iter().all(|package| package.state == "READY"));
    assert!(state.packages.iter().all(|package| !package.name.contains("__DELETED__")));
    let expected = i64::try_from(files * 10).unwrap();
    assert_eq!((state.packages[0].storage, state.dataset_storage), (expected, expected));
    assert_eq!(trial.organization_storage().await.unwrap(), expected);
    assert!(state.records.is_empty() && state.markers.is_empty());
    let events = trial.take_changelog().await.unwrap();
    let announced: BTreeSet<i32> = events.iter().map(|event| event.package).collect();
    assert_eq!((events.len(), announced.len()), (packages.len(), packages.len()), "each package once");
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_thousand_descendants_are_restored() {
    comes_back_whole(25_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_thousand_descendants_are_restored() {
    comes_back_whole(100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_files_take_at_most_350_calls() {
    let trial = trial("ten-thousand").await;
    let file = |number| Package::file(Some(0), &format!("sub-{number:06}_task-rest_eeg.edf"), 10);
    let folder = Package::folder(None, "recordings").restoring();
    let packages: Vec<Package> = std::iter::once(folder).chain((0..10_000).map(file)).collect();
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|_| Fate::Forward);
    assert_eq!(deliver(&trial, dataset.message(0)).await, 1);
    let calls = trial.faults.tallies(Service::Aws);
    println!("{:?}", calls.iter().map(|(operation, tally)| (operation, tally.calls)).collect::<Vec<_>>());
    assert!(trial.faults.calls(Service::Aws) <= 350, "{calls:?}");
    let state = trial.end_state(&dataset, &packages).await.unwrap();
    assert!(state.packages.iter().all(|package| package.state == "READY"));
    assert!(state.records.is_empty() && state.markers.is_empty());
    trial.end().await;
}
