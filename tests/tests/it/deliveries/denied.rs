//! S3 denies the removal of delete markers.

use faults::Fate;
use faults::trial::Package;

use super::{deliver_again, message, model, outcome, trial};

fn folder() -> Vec<Package> {
    vec![
        Package::folder(None, "f").restoring(),
        Package::file(Some(0), "a.csv", 1),
        Package::file(Some(0), "control\u{1}character.csv", 2),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_bucket_fails_the_message() {
    let trial = trial("denied").await;
    let packages = folder();
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|call| match &*call.operation {
        "DeleteObjects" | "DeleteObject" => Fate::Deny,
        _ => Fate::Forward,
    });
    trial.send(dataset.message(0)).await.unwrap();
    let delivery = trial.receive().await.unwrap().unwrap();
    let failures = trial.invoke(std::slice::from_ref(&delivery)).await.unwrap();
    assert_eq!(failures, [delivery.id.as_str()]);
    assert_eq!(trial.end_state(&dataset, &packages).await.unwrap(), model::beginning(&packages));
    let log = trial.log().await.unwrap();
    assert!(log.contains("S3 denies the removal of every delete marker"), "{log}");

    // Once the permissions exist, the next delivery restores everything.
    trial.faults.begin(|_| Fate::Forward);
    trial.show(&delivery).await.unwrap();
    deliver_again(&trial).await;
    assert_eq!(outcome(&trial, &dataset, &packages).await, model::restored(&packages, 0));
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_object_stays_deleted() {
    let trial = trial("denied-one").await;
    let packages = folder();
    let dataset = trial.dataset(&packages).await.unwrap();
    trial.faults.begin(|call| if call.operation == "DeleteObject" { Fate::Deny } else { Fate::Forward });
    assert_eq!(trial.invoke(&[message(&dataset, 0)]).await.unwrap(), Vec::<String>::new());
    let (state, _) = outcome(&trial, &dataset, &packages).await;
    let states: Vec<&str> = state.packages.iter().map(|package| package.state.as_str()).collect();
    assert_eq!(states, ["READY", "READY", "DELETED"]);
    assert_eq!(state.records, [2].into());
    trial.end().await;
}
