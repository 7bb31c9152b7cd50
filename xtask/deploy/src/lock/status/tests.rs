use stack::Environment;

use super::{LockStatus, release};
use crate::artifact_bucket::ArtifactBucket;
use crate::artifact_bucket::testing::{FakeBucket, Fault};
use crate::consent::Consent;
use crate::lock::holder::tests::holder;
use crate::lock::{Attempt, Lock, Release};

const KEY: &str = "packages-service/locks/dev.json";
const REASON: &str = "its machine is lost";

fn dev() -> Environment {
    command_line::environment::load("dev").unwrap()
}

async fn attempt(fake: &FakeBucket) -> Attempt {
    let environment = dev();
    let bucket = ArtifactBucket::new(&environment, &fake.connection);
    Lock::attempt(&bucket, &environment, &fake.connection, "deploy").await.unwrap()
}

async fn acquired(fake: &FakeBucket) -> Lock {
    match attempt(fake).await {
        Attempt::Acquired(lock) => lock,
        Attempt::Rejected(rejection) => panic!("{rejection}"),
    }
}

async fn released(fake: &FakeBucket) -> anyhow::Result<Option<Release>> {
    release(&dev(), &fake.connection, REASON, Consent::Given, |_| Ok(())).await
}

#[tokio::test]
async fn released_lock_stops_the_holder_with_the_reason() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let release = released(&fake).await.unwrap().unwrap();
    assert_eq!(release.released_by, "arn:aws:iam::123456789012:user/bob");
    assert_eq!(release.holder.unwrap().action, "deploy");
    let error = lock.ensure_held().await.unwrap_err().to_string();
    assert!(error.contains("this process lost the lock"), "{error}");
    assert!(
        error.contains("user/bob released it at 2026-11-24 18:40:00 UTC: its machine is lost"),
        "{error}"
    );
    // The record is not the lock of this process, so it stays.
    lock.release().await;
    assert!(fake.object(KEY).is_some());
}

#[tokio::test]
async fn release_is_shown_until_the_next_process_takes_the_lock() {
    let fake = FakeBucket::start().await;
    let _lock = acquired(&fake).await;
    released(&fake).await.unwrap().unwrap();
    let status = LockStatus::read(&dev(), &fake.connection).await.unwrap();
    assert!(!status.is_held && status.expires_at.is_none(), "{status:?}");
    assert_eq!(status.release.unwrap().reason, REASON);
    let next = acquired(&fake).await;
    next.ensure_held().await.unwrap();
    let status = LockStatus::read(&dev(), &fake.connection).await.unwrap();
    assert!(status.is_held && status.release.is_none(), "{status:?}");
}

#[tokio::test]
async fn lock_that_is_not_held_is_not_released() {
    let fake = FakeBucket::start().await;
    assert_eq!(released(&fake).await.unwrap(), None);
    assert_eq!(fake.writes(), 0);
}

#[tokio::test]
async fn release_is_refused_without_a_confirmation() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let refused = release(&dev(), &fake.connection, REASON, Consent::Ask, |_| Ok(())).await;
    assert_eq!(refused.unwrap_err().to_string(), "not confirmed; nothing was changed");
    lock.ensure_held().await.unwrap();
}

#[tokio::test]
async fn lock_of_another_holder_than_the_one_shown_is_kept() {
    let fake = FakeBucket::start().await;
    let _lock = acquired(&fake).await;
    let other = serde_json::to_vec(&holder(None, 7)).unwrap();
    let environment = dev();
    let changed = release(&environment, &fake.connection, REASON, Consent::Given, |status| {
        assert!(status.is_held);
        fake.put(KEY, other.clone());
        Ok(())
    });
    let error = changed.await.unwrap_err().to_string();
    assert!(error.contains("another holder than the one shown"), "{error}");
    assert_eq!(fake.object(KEY), Some(other));
}

#[tokio::test]
async fn renewal_and_lost_response_do_not_prevent_a_release() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let renewed = serde_json::to_vec(&lock.held.lock().await.holder.renewed()).unwrap();
    fake.fail_next_writes(&[Fault::Conflict, Fault::LostResponse]);
    let environment = dev();
    let release = release(&environment, &fake.connection, REASON, Consent::Given, |_| {
        fake.put(KEY, renewed.clone());
        Ok(())
    });
    assert_eq!(release.await.unwrap().unwrap().reason, REASON);
    assert!(lock.ensure_held().await.unwrap_err().to_string().contains(REASON));
}

#[tokio::test]
async fn unreadable_lock_can_be_released() {
    let fake = FakeBucket::start().await;
    fake.put(KEY, b"no JSON".to_vec());
    let release = released(&fake).await.unwrap().unwrap();
    assert_eq!(release.holder, None);
    assert!(matches!(attempt(&fake).await, Attempt::Acquired(_)));
}
