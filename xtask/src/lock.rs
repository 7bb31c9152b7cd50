//! One deployment of an environment at a time.
//!
//! The lock is an object that only one can create. Who holds it renews it; what is not renewed any more, because its
//! process died, is free after a while, and at once to whoever sees that the process is gone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};
use stack::Environment;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::artifact_bucket::{ArtifactBucket, Condition, Revision, Stored};
use crate::aws::Connection;
use crate::terminal;

/// After this time without a renewal a lock is free.
const LEASE: Duration = Duration::from_secs(90);
/// Twice it may fail.
const RENEWAL: Duration = Duration::from_secs(30);
const RELEASE_LIMIT: Duration = Duration::from_secs(10);

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// Who they are to AWS.
    pub(crate) by: String,
    /// What they do, such as `deploy`.
    pub(crate) action: String,
    pub(crate) since: DateTime<Utc>,
    machine: String,
    /// Which processes it is one of; none where that cannot be told.
    boot: Option<String>,
    process: i32,
    /// How often it was renewed, so that each state of the lock is another one.
    renewals: u32,
}

/// The lock of an environment, held by us.
pub(crate) struct Lock {
    bucket: ArtifactBucket,
    key: String,
    revision: Arc<Mutex<Revision>>,
    renewal: JoinHandle<()>,
}

/// What came of trying to take a lock.
pub(crate) enum Attempt {
    /// It is ours.
    Acquired(Lock),
    /// Somebody has it: who, since when, and what to do.
    Refused(String),
}

impl Lock {
    /// Take the lock, or fail with who has it.
    pub(crate) async fn acquire(
        bucket: &ArtifactBucket,
        environment: &Environment,
        connection: &Connection,
        action: &str,
    ) -> Result<Self> {
        match Self::attempt(bucket, environment, connection, action).await? {
            Attempt::Acquired(lock) => Ok(lock),
            Attempt::Refused(refusal) => bail!(refusal),
        }
    }

    /// Take the lock, or tell who has it.
    pub(crate) async fn attempt(
        bucket: &ArtifactBucket,
        environment: &Environment,
        connection: &Connection,
        action: &str,
    ) -> Result<Attempt> {
        let key = key(environment);
        let taken = bucket.read(&key).await?;
        let now = bucket.now()?;
        let holder = Holder::us(connection, action, now);
        let bytes = serde_json::to_vec_pretty(&holder)?;
        let revision = match &taken {
            None => bucket.write(&key, bytes, Condition::Absent).await?,
            Some(taken) => {
                let state = Taken::of(taken, now);
                if state.is_held(now) {
                    let refusal = refusal(environment, state.holder.as_ref(), state.free_at);
                    return Ok(Attempt::Refused(refusal));
                }
                bucket.write(&key, bytes, Condition::Unchanged(&taken.revision)).await?
            }
        };
        let Some(revision) = revision else {
            let name = &environment.name;
            let refusal = format!("somebody else has begun to change {name} in this moment; try again later");
            return Ok(Attempt::Refused(refusal));
        };
        let revision = Arc::new(Mutex::new(revision));
        let renewal = tokio::spawn(renew(bucket.clone(), key.clone(), holder, Arc::clone(&revision)));
        Ok(Attempt::Acquired(Self { bucket: bucket.clone(), key, revision, renewal }))
    }

    /// Fail where the lock is ours no more: a machine that slept has not renewed it, and what was read under it may have
    /// changed.
    pub(crate) async fn ensure_held(&self) -> Result<()> {
        let revision = self.revision.lock().await;
        let stored = self.bucket.read(&self.key).await?;
        if stored.is_none_or(|stored| stored.revision != *revision) {
            bail!(
                "the lock was lost meanwhile, and somebody else may have deployed; nothing was changed, run this again"
            );
        }
        Ok(())
    }

    /// Give the lock back.
    pub(crate) async fn release(self) {
        self.renewal.abort();
        let deletion = async {
            let revision = self.revision.lock().await;
            self.bucket.delete(&self.key, &revision).await
        };
        // Whoever has pressed Ctrl-C because nothing answers must not wait for this.
        if !matches!(timeout(RELEASE_LIMIT, deletion).await, Ok(Ok(()))) {
            let seconds = LEASE.as_secs();
            terminal::say(format!("  the lock could not be given back; it is free after {seconds} s"));
        }
    }
}

/// Who holds the lock of an environment, if anybody does.
pub(crate) async fn holder(bucket: &ArtifactBucket, environment: &Environment) -> Result<Option<Holder>> {
    let Some(taken) = bucket.read(&key(environment)).await? else { return Ok(None) };
    let now = bucket.now()?;
    let taken = Taken::of(&taken, now);
    Ok(if taken.is_held(now) { taken.holder } else { None })
}

/// A lock that somebody has, or had.
struct Taken {
    /// None where it cannot be read.
    holder: Option<Holder>,
    /// When it is free, unless it is renewed.
    free_at: DateTime<Utc>,
}

impl Taken {
    fn of(stored: &Stored, now: DateTime<Utc>) -> Self {
        let holder = serde_json::from_slice(&stored.bytes).ok();
        Self { holder, free_at: stored.written_at.unwrap_or(now) + LEASE }
    }

    fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.free_at > now && !self.holder.as_ref().is_some_and(Holder::is_dead)
    }
}

fn key(environment: &Environment) -> String {
    format!("{}/locks/{}.json", environment.service, environment.name)
}

async fn renew(bucket: ArtifactBucket, key: String, mut holder: Holder, revision: Arc<Mutex<Revision>>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        holder.renewals += 1;
        let Ok(bytes) = serde_json::to_vec_pretty(&holder) else { return };
        let mut current = revision.lock().await;
        match bucket.write(&key, bytes, Condition::Unchanged(&current)).await {
            Ok(Some(renewed)) => *current = renewed,
            Ok(None) => {
                terminal::say("  the lock was not renewed for so long that somebody else has taken it");
                return;
            }
            // The next one may succeed.
            Err(_) => {}
        }
    }
}

impl Holder {
    fn us(connection: &Connection, action: &str, now: DateTime<Utc>) -> Self {
        Self {
            by: connection.caller.clone(),
            action: action.to_owned(),
            since: now,
            machine: machine(),
            boot: boot(),
            renewals: 0,
            process: rustix::process::getpid().as_raw_nonzero().get(),
        }
    }

    /// Whether it is certain that the process is gone, which only its own machine can tell.
    fn is_dead(&self) -> bool {
        self.boot.is_some()
            && self.boot == boot()
            && Pid::from_raw(self.process)
                .is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
    }
}

/// This start of this machine's kernel, and the namespace of our process: with both the same, a process id means the
/// same. Names of machines are given more than once. Linux only; elsewhere nobody is declared dead.
fn boot() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn refusal(environment: &Environment, holder: Option<&Holder>, free_at: DateTime<Utc>) -> String {
    let free_at = free_at.format("%H:%M:%S UTC");
    let name = &environment.name;
    let Some(holder) = holder else {
        return format!(
            "environment {name} is locked, by whom cannot be read; the lock is free at {free_at}"
        );
    };
    format!(
        "{} has been at work on {name} since {} ({}, process {} on {}); wait until that is over.\n\
         If it was killed, the lock is free at {free_at}",
        holder.by,
        holder.since.format("%Y-%m-%d %H:%M:%S UTC"),
        holder.action,
        holder.process,
        holder.machine
    )
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{Holder, boot, refusal};

    fn holder(boot: Option<String>, process: i32) -> Holder {
        let since = DateTime::from_timestamp(1_795_545_600, 0).unwrap();
        let by = "arn:aws:iam::123456789012:user/alice".to_owned();
        let machine = "desk".to_owned();
        Holder { by, action: "deploy".to_owned(), since, machine, boot, process, renewals: 0 }
    }

    #[test]
    fn who_is_dead_is_known_where_process_ids_mean_the_same_only() {
        let us = rustix::process::getpid().as_raw_nonzero().get();
        assert!(!holder(boot(), us).is_dead());
        // No process has this number: it is beyond what kernels give.
        assert_eq!(holder(boot(), i32::MAX).is_dead(), boot().is_some());
        assert!(!holder(Some("another".to_owned()), i32::MAX).is_dead());
        assert!(!holder(None, i32::MAX).is_dead());
    }

    #[test]
    fn a_second_person_is_told_who_and_when() {
        let environment = crate::environment::load("dev").unwrap();
        let since = DateTime::from_timestamp(1_795_545_690, 0).unwrap();
        insta::assert_snapshot!(refusal(&environment, Some(&holder(None, 7)), since), @r"
        arn:aws:iam::123456789012:user/alice has been at work on dev since 2026-11-24 18:40:00 UTC (deploy, process 7 on desk); wait until that is over.
        If it was killed, the lock is free at 18:41:30 UTC
        ");
    }
}
