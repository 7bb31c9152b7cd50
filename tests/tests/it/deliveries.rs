//! Deliveries to the restore function alone: the real binary, invoked as Lambda does, with injected faults.
//!
//! Some of these tests take more than a minute. Tests start in the order of their names, so these start early, and a run
//! does not end with one of them alone.

mod bad_input;
mod crashes;
mod denied;
mod faults;
mod large;
mod model;
mod random_trees;
mod redelivery;
mod siblings;

use openapi::RESTORE_QUEUE_MAXIMUM_RECEIVES;

use crate::stack::{stack, state_directory, target_directory};
use ::faults::trial::{Dataset, Delivery, EndState, Event, Package, Place, Record, Trial};

/// Prepares a trial on the shared stack, which has built the function.
async fn trial(name: &str) -> Trial {
    let stack = stack().await;
    let place = Place {
        database_url: stack.database_url.clone(),
        aws_endpoint_url: stack.aws_endpoint_url.clone(),
        credentials: stack.credentials["administrator"].clone(),
        bootstrap: target_directory().join("lambda-development/restore/bootstrap"),
        directory: state_directory(&format!("trial-{name}")),
        log_level: "info",
    };
    Box::pin(Trial::prepare(&place)).await.unwrap()
}

/// Returns the first delivery of a message.
fn message(dataset: &Dataset, position: usize) -> Delivery {
    Delivery::new(dataset.message(position))
}

/// The parts of an event that do not differ between runs: position, name, original name.
type ComparableEvent = (usize, String, Option<String>);

/// Returns the events of a dataset, each once however often its message was sent, in the order of the first messages.
fn comparable_events(dataset: &Dataset, events: &[Event]) -> Vec<ComparableEvent> {
    let mut jobs: Vec<(&str, Vec<ComparableEvent>)> = Vec::new();
    for event in events {
        let position = dataset.position(event.package);
        let event_without_ids = (position, event.name.clone(), event.original_name.clone());
        match jobs.iter_mut().find(|(job, _)| *job == event.job) {
            Some((_, events)) if events.contains(&event_without_ids) => {}
            Some((_, events)) => events.push(event_without_ids),
            None => jobs.push((&event.job, vec![event_without_ids])),
        }
    }
    jobs.into_iter().flat_map(|(_, events)| events).collect()
}

/// Returns a folder with every case of a restore: the package at position 2 is to be restored.
fn varied_folder() -> Vec<Package> {
    let mut lost = Package::file(Some(3), "lost.csv", 1000);
    lost.object.as_mut().unwrap().record = Record::Missing;
    let mut multiple = Package::file(Some(2), "two.csv", 0);
    multiple.source_sizes = vec![Some(7), None, Some(8)];
    let mut unsized_file = Package::file(Some(4), "unsized.csv", 0);
    unsized_file.source_sizes = vec![None];
    unsized_file.object.as_mut().unwrap().size = String::from("40");
    vec![
        Package::folder(None, "live").live("READY"),
        Package::folder(Some(0), "above"),
        Package::folder(Some(1), "session").restoring(),
        Package::folder(Some(2), "one"),
        Package::folder(Some(3), "deep"),
        Package::file(Some(2), "a.csv", 100),
        Package::file(Some(2), "a.csv", 200),
        Package::file(Some(3), "b.csv", 300),
        Package::published(Some(4), "published.csv", 400),
        lost,
        multiple,
        unsized_file,
        Package::file(Some(2), "deleting.csv", 5000).live("DELETING"),
        // XML cannot contain the key of its object.
        Package::file(Some(2), "control\u{10}character.csv", 600),
    ]
}

/// Sends a message and delivers it until it succeeds, as the queue does, but without delays. Returns how often it was
/// received.
async fn deliver(trial: &Trial, body: String) -> u32 {
    trial.send(body).await.unwrap();
    deliver_again(trial).await
}

/// Delivers a message that is in the queue until it succeeds. Returns how often it was received.
async fn deliver_again(trial: &Trial) -> u32 {
    loop {
        let delivery = trial.receive().await.unwrap().unwrap();
        let is_alive = delivery.receives <= RESTORE_QUEUE_MAXIMUM_RECEIVES;
        assert!(
            is_alive,
            "the message is a dead letter; the log of the function:\n{}",
            trial.log().await.unwrap()
        );
        if trial.invoke(std::slice::from_ref(&delivery)).await.unwrap().is_empty() {
            trial.delete(&delivery).await.unwrap();
            return delivery.receives;
        }
        trial.show(&delivery).await.unwrap();
    }
}

/// Returns the end state and the changelog events.
async fn outcome(trial: &Trial, dataset: &Dataset, packages: &[Package]) -> (EndState, Vec<ComparableEvent>) {
    let events = trial.take_changelog().await.unwrap();
    (trial.end_state(dataset, packages).await.unwrap(), comparable_events(dataset, &events))
}
