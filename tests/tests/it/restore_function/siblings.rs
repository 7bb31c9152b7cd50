//! Others change the dataset at the same time.

use std::time::Duration;

use local::fault::Fate;
use local::trial::Package;
use tokio::sync::mpsc::unbounded_channel;

use super::{message, outcome, trial};

const ROUNDS: usize = 20;
const FILES: usize = 40;

/// A live folder with two deleted ones, each with published files: positions 1 and 2.
fn siblings() -> Vec<Package> {
    let mut packages = vec![
        Package::folder(None, "both").live("READY"),
        Package::folder(Some(0), "left").restoring(),
        Package::folder(Some(0), "right").restoring(),
    ];
    for number in 0..FILES {
        packages.push(Package::published(Some(1 + number % 2), &format!("{number}.csv"), 1));
    }
    packages
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_for_siblings_never_block_each_other_and_lose_no_count() {
    // Two functions, because one works through the messages of a batch with connections of its own.
    let (one, other) = (trial("left").await, trial("right").await);
    for _ in 0..ROUNDS {
        let packages = siblings();
        let dataset = one.dataset(&packages).await.unwrap();
        let (left, right) = (message(&dataset, 1), message(&dataset, 2));
        let (first, second) = tokio::join!(
            one.invoke(std::slice::from_ref(&left)),
            other.invoke(std::slice::from_ref(&right)),
        );
        assert_eq!((first.unwrap(), second.unwrap()), (Vec::new(), Vec::new()), "at the first delivery");
        let (mut state, _) = outcome(&one, &dataset, &packages).await;
        other.take_changelog().await.unwrap();
        assert!(state.packages.iter().all(|package| package.state == "READY"));
        let counted: Vec<i64> = state.packages.drain(..3).map(|package| package.storage).collect();
        let half = i64::try_from(FILES / 2).unwrap();
        assert_eq!((counted, state.dataset_storage), (vec![2 * half, half, half], 2 * half));
    }
    let expected = i64::try_from(ROUNDS * FILES).unwrap();
    assert_eq!(one.organization_storage().await.unwrap(), expected);
    let logs = one.log().await.unwrap() + &other.log().await.unwrap();
    let conflicts =
        logs.lines().filter(|line| line.contains("starting over") || line.contains("counting again"));
    assert_eq!(conflicts.count(), 0, "no deadlock, not even one that was got over:\n{logs}");
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_folder_that_is_moved_meanwhile_is_counted_where_it_is_then() {
    let trial = trial("moved").await;
    let packages = [
        Package::folder(None, "from").live("READY"),
        Package::folder(None, "to").live("READY"),
        Package::folder(Some(0), "moved").live("READY"),
        Package::folder(Some(2), "session").restoring(),
        Package::file(Some(3), "a.csv", 7),
    ];
    let dataset = trial.dataset(&packages).await.unwrap();
    let (told, mut removing_markers) = unbounded_channel();
    trial.faults.begin(move |call| {
        if call.operation != "DeleteObjects" {
            return Fate::Forward;
        }
        told.send(()).unwrap();
        Fate::Delay(Duration::from_millis(500))
    });
    let moved = async {
        removing_markers.recv().await.unwrap();
        let sql = trial.sql("UPDATE {schema}.packages SET parent_id = $1 WHERE id = $2");
        let sql = sqlx::query(sql).bind(dataset.package_id(1)).bind(dataset.package_id(2));
        sql.execute(&trial.database).await.unwrap();
    };
    let messages = [message(&dataset, 3)];
    let (failures, ()) = tokio::join!(trial.invoke(&messages), moved);
    assert_eq!(failures.unwrap(), Vec::<String>::new());
    let (state, _) = outcome(&trial, &dataset, &packages).await;
    let counted: Vec<i64> = state.packages.iter().map(|package| package.storage).collect();
    assert_eq!(counted, [0, 7, 7, 7, 7]);
    trial.end().await;
}
