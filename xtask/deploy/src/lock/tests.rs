//! Tests of the lock with an S3 that loses responses.

use std::sync::Arc;

use command_line::environment;

use super::holder::tests::holder;
use super::{Attempt, Content, Held, Lock, Renewal, ensure_free};
use crate::artifact_bucket::ArtifactBucket;
use crate::artifact_bucket::testing::{FakeBucket, Fault};

const KEY: &str = "packages-service/locks/dev.json";

async fn acquired(fake: &FakeBucket) -> Lock {
    let environment = environment::load("dev").unwrap();
    let bucket = ArtifactBucket::new(&environment, &fake.connection);
    match Lock::attempt(&bucket, &environment, &fake.connection, "deploy").await.unwrap() {
        Attempt::Acquired(lock) => lock,
        Attempt::Rejected(rejection) => panic!("{rejection}"),
    }
}

/// Renews the lock as the background task does, with this fault for the write.
async fn renewal(lock: &Lock, fake: &FakeBucket, fault: Fault) -> Renewal {
    fake.fail_next_writes(&[fault]);
    let mut held = lock.held.lock().await;
    held.renew(&lock.bucket.without_retries(), &lock.key).await.unwrap()
}

#[tokio::test]
async fn renewal_with_a_lost_response_counts() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    assert!(matches!(renewal(&lock, &fake, Fault::LostResponse).await, Renewal::Done));
    // The next renewal continues from the stored state.
    assert!(matches!(renewal(&lock, &fake, Fault::None).await, Renewal::Done));
    lock.release().await;
    assert_eq!(fake.object(KEY), None);
}

#[tokio::test]
async fn lost_renewal_request_keeps_the_lock() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    for fault in [Fault::LostRequest, Fault::Conflict, Fault::Unavailable] {
        assert!(matches!(renewal(&lock, &fake, fault).await, Renewal::Missed), "{fault:?}");
        assert!(matches!(renewal(&lock, &fake, Fault::None).await, Renewal::Done), "{fault:?}");
    }
}

#[tokio::test]
async fn renewal_is_one_attempt() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let before = fake.writes();
    renewal(&lock, &fake, Fault::Unavailable).await;
    assert_eq!(fake.writes() - before, 1);
}

/// The SDK retries this request itself and gets status 412, because its first attempt succeeded.
#[tokio::test]
async fn check_before_an_execution_survives_a_lost_response() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    fake.fail_next_writes(&[Fault::LostResponse]);
    lock.ensure_held().await.unwrap();
    lock.ensure_held().await.unwrap();
}

#[tokio::test]
async fn acquiring_the_lock_survives_a_lost_response() {
    let fake = FakeBucket::start().await;
    fake.fail_next_writes(&[Fault::LostResponse]);
    acquired(&fake).await.ensure_held().await.unwrap();
}

#[tokio::test]
async fn lock_taken_by_another_process_stops_the_holder() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    fake.put(KEY, serde_json::to_vec(&holder(None, 7)).unwrap());
    assert!(matches!(renewal(&lock, &fake, Fault::None).await, Renewal::Lost(Some(Content::Held(_)))));
    let error = lock.ensure_held().await.unwrap_err().to_string();
    assert!(error.contains("user/alice has it for `deploy`; nothing was executed"), "{error}");
    // The other process holds the lock, so it is not deleted.
    lock.release().await;
    assert!(fake.object(KEY).is_some());
}

#[tokio::test]
async fn deleted_lock_stops_the_holder() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    fake.remove(KEY);
    let error = lock.ensure_held().await.unwrap_err().to_string();
    assert!(error.contains("lost the lock"), "{error}");
}

/// The renewal is aborted between its write and the response.
#[tokio::test]
async fn lock_is_released_in_any_state() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let held = Arc::clone(&lock.held);
    let next = held.lock().await.holder.renewed();
    fake.put(KEY, serde_json::to_vec(&next).unwrap());
    lock.release().await;
    assert_eq!(fake.object(KEY), None);
}

#[tokio::test]
async fn held_lock_is_found_without_taking_it() {
    let fake = FakeBucket::start().await;
    let environment = environment::load("dev").unwrap();
    let bucket = ArtifactBucket::new(&environment, &fake.connection);
    ensure_free(&bucket, &environment).await.unwrap();
    let lock = acquired(&fake).await;
    let writes = fake.writes();
    let error = ensure_free(&bucket, &environment).await.unwrap_err().to_string();
    assert!(error.contains("has been changing dev since"), "{error}");
    assert_eq!(fake.writes(), writes);
    lock.release().await;
    ensure_free(&bucket, &environment).await.unwrap();
}

#[tokio::test]
async fn only_one_process_acquires_the_lock() {
    let fake = FakeBucket::start().await;
    let lock = acquired(&fake).await;
    let condition = crate::artifact_bucket::Condition::Absent;
    let other = holder(None, 7);
    assert!(Held::acquire(&lock.bucket, KEY, &other, condition).await.unwrap().is_none());
}
