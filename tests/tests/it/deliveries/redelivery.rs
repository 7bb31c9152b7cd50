//! Messages that are received again: after a failure, twice at the same time, and late.

use faults::trial::{Package, Record};
use faults::{Fate, Moment, Service};

use super::{message, model, outcome, trial, varied_folder};
use crate::waiting::within_limit;

const TARGET: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn failed_message_is_received_again_within_twenty_seconds() {
    let trial = trial("comes-back").await;
    let packages = [Package::file(None, "a.csv", 1).restoring()];
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|call| match call.service {
        Service::Database => Fate::Cut(Moment::Before),
        Service::Aws => Fate::Forward,
    });
    trial.send(dataset.message(0)).await.unwrap();
    let delivery = trial.receive().await.unwrap().unwrap();
    let failures = trial.invoke(std::slice::from_ref(&delivery)).await.unwrap();
    assert_eq!(failures, [delivery.id.as_str()]);

    trial.faults.begin(|_| Fate::Forward);
    // A receive waits for twenty seconds; the visibility timeout of the queue is ninety minutes.
    let again = trial.receive().await.unwrap().unwrap();
    assert_eq!((&again.id, again.receives), (&delivery.id, 2));
    assert_eq!(trial.invoke(&[again]).await.unwrap(), Vec::<String>::new());
    assert_eq!(outcome(&trial, &dataset, &packages).await, model::restored(&packages, 0));
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn second_delivery_completes_a_first_that_died_after_its_commit() {
    let (first, second) = (trial("twice-first").await, trial("twice-second").await);
    let packages = varied_folder();
    let dataset = first.dataset(&packages).await.unwrap();
    let message = [message(&dataset, TARGET)];
    // The second has read its plan, and the package is RESTORING.
    second.faults.begin(|call| match &*call.operation {
        "BatchGetItem" => Fate::Stop(Moment::Before),
        _ => Fate::Forward,
    });
    let first_dies = async {
        within_limit("the second function is at the call", second.faults.stopped()).await;
        let mut is_announced = false;
        first.faults.begin(move |call| {
            is_announced |= call.operation == "SendMessageBatch";
            if is_announced && call.operation == "COMMIT" { Fate::Stop(Moment::After) } else { Fate::Forward }
        });
        assert!(first.invoke_and_kill(&message).await.unwrap(), "it was killed");
        let left = first.end_state(&dataset, &packages).await.unwrap();
        assert_eq!(left.packages, model::restored(&packages, TARGET).0.packages, "committed");
        assert_eq!(left.records, model::beginning(&packages).records);
        second.faults.begin(|_| Fate::Forward);
    };
    let (failures, ()) = tokio::join!(second.invoke(&message), first_dies);
    assert_eq!(failures.unwrap(), Vec::<String>::new());
    first.faults.begin(|_| Fate::Forward);
    assert_eq!(outcome(&first, &dataset, &packages).await, model::restored(&packages, TARGET));
    assert_eq!(second.take_changelog().await.unwrap(), [], "announced once");
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_a_later_deletion_is_kept() {
    let trial = trial("deleted-again").await;
    let packages = [
        Package::folder(None, "f").restoring(),
        Package::file(Some(0), "deleted again.csv", 1),
        Package::file(Some(0), "restored.csv", 2),
    ];
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|call| match &*call.operation {
        "TransactWriteItems" => Fate::Stop(Moment::Before),
        _ => Fate::Forward,
    });
    let deleted_again = async {
        within_limit("the function is at the call", trial.faults.stopped()).await;
        let object = packages[1].object.as_ref().unwrap();
        trial.replace_record(&dataset, 1, object).await.unwrap();
        trial.faults.begin(|_| Fate::Forward);
    };
    let message = [message(&dataset, 0)];
    let (failures, ()) = tokio::join!(trial.invoke(&message), deleted_again);
    assert_eq!(failures.unwrap(), Vec::<String>::new());
    let (state, _) = outcome(&trial, &dataset, &packages).await;
    assert_eq!(state.records, [1].into());
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn package_behind_another_marker_stays_deleted_and_keeps_its_record() {
    let trial = trial("hidden").await;
    let mut hidden = Package::file(Some(0), "hidden.csv", 1);
    hidden.object.as_mut().unwrap().record = Record::OtherMarker;
    let packages = [Package::folder(None, "f").restoring(), hidden, Package::file(Some(0), "good.csv", 2)];
    let dataset = trial.dataset(&packages).await.unwrap();
    assert_eq!(trial.invoke(&[message(&dataset, 0)]).await.unwrap(), Vec::<String>::new());
    let (state, _) = outcome(&trial, &dataset, &packages).await;
    let states: Vec<&str> = state.packages.iter().map(|package| package.state.as_str()).collect();
    assert_eq!(states, ["READY", "DELETED", "READY"]);
    assert_eq!(state.records, [1].into());
    let log = trial.log().await.unwrap();
    assert!(log.contains("another delete marker hides its object"), "{log}");
    trial.end().await;
}
