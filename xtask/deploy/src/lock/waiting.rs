//! Waits for a lock that another process holds.

use std::time::Duration;

use anyhow::{Result, bail};
use chrono::TimeDelta;
use stack::Environment;
use tokio::time::Instant;

use super::{Attempt, Lock};
use crate::artifact_bucket::ArtifactBucket;
use crate::connection::Connection;
use crate::time_span::format_span;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

impl Lock {
    /// Takes the lock, and waits up to this time while another process holds it.
    ///
    /// Each holder is reported once. Without a time, the first rejection is the error.
    pub async fn acquire_within(
        limit: Duration,
        bucket: &ArtifactBucket,
        environment: &Environment,
        connection: &Connection,
        action: &str,
    ) -> Result<Self> {
        let start = Instant::now();
        let mut reported = None;
        loop {
            let rejection = match Self::attempt(bucket, environment, connection, action).await? {
                Attempt::Acquired(lock) => return Ok(lock),
                Attempt::Rejected(rejection) => rejection,
            };
            if start.elapsed() >= limit {
                if limit.is_zero() {
                    bail!("{rejection}");
                }
                bail!("{rejection}\nThis command has waited for {}", span(limit));
            }
            if reported != Some(rejection.holder()) {
                reported = Some(rejection.holder());
                let limit = span(limit);
                connection.operator.note(&format!("  {rejection}\n  waiting up to {limit} for the lock"));
            }
            tokio::time::sleep(PAUSE.min(limit)).await;
        }
    }
}

fn span(time: Duration) -> String {
    format_span(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use anyhow::Result;

    use crate::artifact_bucket::ArtifactBucket;
    use crate::artifact_bucket::testing::FakeBucket;
    use crate::lock::Lock;
    use crate::lock::holder::tests::holder;
    use crate::operator::testing::RecordingOperator;

    const KEY: &str = "packages-service/locks/dev.json";

    async fn acquire_within(limit: Duration, fake: &FakeBucket) -> Result<Lock> {
        let environment = command_line::environment::load("dev").unwrap();
        let bucket = ArtifactBucket::new(&environment, &fake.connection);
        Lock::acquire_within(limit, &bucket, &environment, &fake.connection, "deploy").await
    }

    #[tokio::test]
    async fn lock_is_taken_once_its_holder_has_released_it() {
        let mut fake = FakeBucket::start().await;
        let notes = Arc::new(Mutex::new(Vec::new()));
        fake.connection.operator =
            Arc::new(RecordingOperator { notes: Arc::clone(&notes), ..RecordingOperator::default() });
        fake.put(KEY, serde_json::to_vec(&holder(None, 7)).unwrap());
        let release = async {
            while notes.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            fake.remove(KEY);
        };
        let (lock, ()) = tokio::join!(acquire_within(Duration::from_mins(10), &fake), release);
        lock.unwrap().ensure_held().await.unwrap();
        let notes = notes.lock().unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("user/alice has been changing dev since"), "{notes:?}");
        assert!(notes[0].ends_with("waiting up to 10 min for the lock"), "{notes:?}");
    }

    #[tokio::test]
    async fn rejection_names_the_holder_and_the_time_that_was_waited() {
        let fake = FakeBucket::start().await;
        fake.put(KEY, serde_json::to_vec(&holder(None, 7)).unwrap());
        let error = acquire_within(Duration::ZERO, &fake).await.err().unwrap().to_string();
        assert!(error.contains("has been changing dev") && !error.contains("waited"), "{error}");
        let error = acquire_within(Duration::from_millis(1), &fake).await.err().unwrap().to_string();
        assert!(error.contains("has been changing dev") && error.contains("has waited for 0 s"), "{error}");
    }
}
