//! The age of the active key.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use stack::{Environment, Fingerprint};

use super::ring::KeyRing;
use super::store::KeyStore;
use crate::connection::Connection;

/// The key that signs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ActiveKey {
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
    /// Its age in seconds.
    pub age_seconds: i64,
    /// When its rotation is due.
    pub rotation_due: DateTime<Utc>,
    /// Whether that time has passed.
    pub is_due: bool,
}

impl ActiveKey {
    /// Reads which key is active, or `None` if none is.
    pub async fn read(environment: &Environment, connection: &Connection) -> Result<Option<Self>> {
        let store = KeyStore::new(connection, environment);
        let stored = store.ring().await?;
        Ok(Self::of(&stored.ring, environment, store.now()?))
    }

    fn of(ring: &KeyRing, environment: &Environment, now: DateTime<Utc>) -> Option<Self> {
        let active = ring.active()?;
        let rotation_period = TimeDelta::days(environment.signing_key_rotation_days.get().into());
        let rotation_due = active.created_at + rotation_period;
        Some(Self {
            fingerprint: active.fingerprint.clone(),
            age_seconds: (now - active.created_at).num_seconds(),
            rotation_due,
            is_due: now > rotation_due,
        })
    }
}

#[cfg(test)]
mod tests {
    use command_line::environment;

    use super::{ActiveKey, KeyRing};

    #[test]
    fn key_is_due_after_the_rotation_period() {
        let ring = KeyRing::parse(
            r#"[{"fingerprint":"0123456789ab","algorithm":"ec-p256","created_at":"2026-11-01T00:00:00Z","state":"active","retire_after":null}]"#,
        );
        let (ring, dev) = (ring.unwrap(), environment::load("dev").unwrap());
        let at = |now: &str| ActiveKey::of(&ring, &dev, now.parse().unwrap()).unwrap();
        assert!(!at("2027-01-30T00:00:00Z").is_due);
        assert!(at("2027-01-30T00:00:01Z").is_due);
        assert_eq!(at("2026-11-02T00:00:00Z").age_seconds, 86_400);
        assert_eq!(ActiveKey::of(&KeyRing::default(), &dev, "2026-11-02T00:00:00Z".parse().unwrap()), None);
    }
}
