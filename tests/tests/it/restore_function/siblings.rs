//! Two folders of one dataset at the same time.

use local::trial::Package;

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
