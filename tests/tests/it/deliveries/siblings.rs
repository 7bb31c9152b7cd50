//! The dataset changes during a restore.

use std::time::Duration;

use faults::Fate;
use faults::trial::{Dataset, Package, Trial};
use sqlx::PgExecutor;
use tokio::sync::mpsc::unbounded_channel;

use super::{message, outcome, trial};
use crate::waiting::eventually;

const ROUNDS: usize = 20;
const FILES: usize = 40;

/// Returns a live folder with two deleted ones, each with published files: positions 1 and 2.
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
async fn concurrent_messages_for_siblings_do_not_block_and_count_correctly() {
    // Two functions, because one processes the messages of a batch with its own connections.
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
    let conflicts = logs.lines().filter(|line| line.contains("starting over"));
    assert_eq!(conflicts.count(), 0, "no deadlock, not even one that was retried:\n{logs}");
    one.end().await;
    other.end().await;
}

/// Returns a live folder in `from` with a deleted folder to restore, and a folder `to`: positions 2, 3 and 1.
fn folder_to_move() -> [Package; 5] {
    [
        Package::folder(None, "from").live("READY"),
        Package::folder(None, "to").live("READY"),
        Package::folder(Some(0), "moved").live("READY"),
        Package::folder(Some(2), "session").restoring(),
        Package::file(Some(3), "a.csv", 7),
    ]
}

/// Moves the live folder of [`folder_to_move`] to `to`.
async fn move_folder(
    trial: &Trial,
    dataset: &Dataset,
    connection: impl PgExecutor<'_>,
) -> Result<(), sqlx::Error> {
    let sql = trial.sql("UPDATE {schema}.packages SET parent_id = $1 WHERE id = $2");
    let sql = sqlx::query(sql).bind(dataset.package_id(1)).bind(dataset.package_id(2));
    sql.execute(connection).await.map(|_| ())
}

/// Restores the deleted folder of [`folder_to_move`] while something else happens; returns the storage of each package.
async fn storage_after_restore(
    trial: &Trial,
    dataset: &Dataset,
    meanwhile: impl Future<Output = ()>,
) -> Vec<i64> {
    let messages = [message(dataset, 3)];
    let (failures, ()) = tokio::join!(trial.invoke(&messages), meanwhile);
    assert_eq!(failures.unwrap(), Vec::<String>::new());
    let (state, _) = outcome(trial, dataset, &folder_to_move()).await;
    state.packages.iter().map(|package| package.storage).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_moved_during_a_restore_is_counted_at_its_new_place() {
    let trial = trial("moved").await;
    let dataset = trial.dataset(&folder_to_move()).await.unwrap();
    let (sender, mut removing_markers) = unbounded_channel();
    trial.faults.begin(move |call| {
        if call.operation != "DeleteObjects" {
            return Fate::Forward;
        }
        sender.send(()).unwrap();
        Fate::Delay(Duration::from_millis(500))
    });
    let moved = Box::pin(async {
        removing_markers.recv().await.unwrap();
        move_folder(&trial, &dataset, &trial.database).await.unwrap();
    });
    assert_eq!(storage_after_restore(&trial, &dataset, moved).await, [0, 7, 7, 7, 7]);
    trial.end().await;
}

/// Waits until a statement of the function on a table waits for a lock.
async fn waits_for_lock(trial: &Trial, table: &str) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'";
    let table = format!("\"{}\".{table}", trial.organization);
    let is_waiting = async || {
        let query = sqlx::query_scalar::<_, i64>(waiting).bind(&table);
        (query.fetch_one(&trial.database).await.unwrap() > 0).then_some(())
    };
    eventually("the function waits for a lock", is_waiting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_cannot_be_moved_while_counters_wait_for_a_lock() {
    let trial = trial("hot-row").await;
    let dataset = trial.dataset(&folder_to_move()).await.unwrap();
    let insert = trial.sql("INSERT INTO {schema}.dataset_storage (dataset_id, size) VALUES ($1, 0)");
    sqlx::query(insert).bind(dataset.id).execute(&trial.database).await.unwrap();
    let mut hot = trial.database.begin().await.unwrap();
    let lock = trial.sql("SELECT size FROM {schema}.dataset_storage WHERE dataset_id = $1 FOR UPDATE");
    sqlx::query(lock).bind(dataset.id).execute(&mut *hot).await.unwrap();
    let moved = Box::pin(async {
        waits_for_lock(&trial, "dataset_storage").await;
        let mut moving = trial.database.begin().await.unwrap();
        sqlx::query("SET LOCAL lock_timeout = '100ms'").execute(&mut *moving).await.unwrap();
        let error = move_folder(&trial, &dataset, &mut *moving).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "55P03", "the folder is locked");
        moving.rollback().await.unwrap();
        hot.rollback().await.unwrap();
    });
    assert_eq!(storage_after_restore(&trial, &dataset, moved).await, [7, 0, 7, 7, 7]);
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlock_restarts_the_transaction_and_sends_events_once() {
    let trial = trial("deadlock").await;
    let packages = [
        Package::folder(None, "live").live("READY"),
        Package::folder(Some(0), "session").restoring(),
        Package::file(Some(1), "a.csv", 7),
    ];
    let dataset = trial.dataset(&packages).await.unwrap();
    // The platform changes first the counter of a folder, then a package in it.
    let mut platform = trial.database.begin().await.unwrap();
    // The function must detect the deadlock.
    sqlx::query("SET LOCAL deadlock_timeout = '1min'").execute(&mut *platform).await.unwrap();
    let count = trial.sql("INSERT INTO {schema}.package_storage (package_id, size) VALUES ($1, 100)");
    sqlx::query(count).bind(dataset.package_id(0)).execute(&mut *platform).await.unwrap();
    let change = async {
        waits_for_lock(&trial, "package_storage").await;
        let change = trial.sql("UPDATE {schema}.packages SET attributes = '[]' WHERE id = $1");
        sqlx::query(change).bind(dataset.package_id(1)).execute(&mut *platform).await.unwrap();
        platform.commit().await.unwrap();
    };
    let messages = [message(&dataset, 1)];
    let (failures, ()) = tokio::join!(trial.invoke(&messages), change);
    let log = trial.log().await.unwrap();
    assert_eq!(failures.unwrap(), Vec::<String>::new(), "{log}");
    assert!(log.contains("deadlock detected") && log.contains("starting over"), "{log}");
    let events = trial.take_changelog().await.unwrap();
    let announced: Vec<usize> = events.iter().map(|event| dataset.position(event.package)).collect();
    assert_eq!(announced, [1, 2], "each once");
    let state = trial.end_state(&dataset, &packages).await.unwrap();
    let counted: Vec<i64> = state.packages.iter().map(|package| package.storage).collect();
    assert_eq!(counted, [107, 7, 7]);
    trial.end().await;
}
