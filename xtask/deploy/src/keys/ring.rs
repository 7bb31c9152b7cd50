//! The key ring: the keys of an environment and their states.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use stack::Fingerprint;

/// The keys of an environment, stored as JSON in one parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct KeyRing(Vec<RingEntry>);

/// A key in the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RingEntry {
    pub fingerprint: Fingerprint,
    pub algorithm: Algorithm,
    pub created_at: DateTime<Utc>,
    pub state: KeyState,
    /// When a retiring key may be removed.
    ///
    /// Without a time, the key may still sign, because the deployment that switches to the active key may not be
    /// complete.
    pub retire_after: Option<DateTime<Utc>>,
}

/// A key algorithm that CloudFront supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    #[serde(rename = "ec-p256")]
    /// ECDSA over P-256.
    EcP256,
    #[serde(rename = "rsa-2048")]
    /// RSA with 2048 bits.
    Rsa2048,
}

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// The key signs.
    Active,
    /// The key will sign once CloudFront trusts it.
    Next,
    /// The key no longer signs. It is trusted until the last URL that it signed has expired.
    Retiring,
}

impl RingEntry {
    /// Creates an entry for a new key.
    pub(super) fn new(
        fingerprint: Fingerprint,
        algorithm: Algorithm,
        created_at: DateTime<Utc>,
        state: KeyState,
    ) -> Self {
        Self { fingerprint, algorithm, created_at, state, retire_after: None }
    }
}

impl KeyRing {
    /// Creates a ring of these keys.
    pub(super) fn new(entries: Vec<RingEntry>) -> Result<Self> {
        let distinct: BTreeSet<&Fingerprint> = entries.iter().map(|entry| &entry.fingerprint).collect();
        if distinct.len() != entries.len() {
            bail!("the key ring names a key twice");
        }
        for state in [KeyState::Active, KeyState::Next] {
            if entries.iter().filter(|entry| entry.state == state).count() > 1 {
                bail!("the key ring has more than one key that is {state}");
            }
        }
        Ok(Self(entries))
    }

    /// Parses a stored ring.
    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::new(serde_json::from_str(text)?)
    }

    pub(super) fn entries(&self) -> &[RingEntry] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the key that signs.
    pub(super) fn active(&self) -> Option<&RingEntry> {
        self.0.iter().find(|entry| entry.state == KeyState::Active)
    }

    /// Returns the key that will sign next.
    pub(super) fn next(&self) -> Option<&RingEntry> {
        self.0.iter().find(|entry| entry.state == KeyState::Next)
    }

    /// Returns the keys that no longer sign.
    pub(super) fn retiring(&self) -> impl Iterator<Item = &RingEntry> {
        self.0.iter().filter(|entry| entry.state == KeyState::Retiring)
    }

    /// Returns the key with this fingerprint.
    pub(super) fn get(&self, fingerprint: &Fingerprint) -> Option<&RingEntry> {
        self.0.iter().find(|entry| entry.fingerprint == *fingerprint)
    }

    /// Returns the fingerprints of all keys, which are the ones that CloudFront should trust.
    pub(super) fn fingerprints(&self) -> BTreeSet<Fingerprint> {
        self.0.iter().map(|entry| entry.fingerprint.clone()).collect()
    }

    /// Returns the ring with an additional key.
    pub(super) fn with(&self, entry: RingEntry) -> Result<Self> {
        Self::new(self.0.iter().cloned().chain([entry]).collect())
    }

    /// Returns the ring with the next key active and the active key retiring.
    ///
    /// The retirement time is set later.
    pub(super) fn promoted(&self) -> Self {
        let entries = self.0.iter().cloned().map(|entry| match entry.state {
            KeyState::Next => RingEntry { state: KeyState::Active, ..entry },
            KeyState::Active => RingEntry { state: KeyState::Retiring, ..entry },
            KeyState::Retiring => entry,
        });
        Self(entries.collect())
    }

    /// Returns the ring with this retirement time for the retiring keys that have none.
    ///
    /// In an emergency, it also replaces later times.
    pub(super) fn retired_by(&self, time: DateTime<Utc>, is_emergency: bool) -> Self {
        let entries = self.0.iter().cloned().map(|entry| {
            let known = entry.retire_after.filter(|known| !is_emergency || *known <= time);
            match entry.state {
                KeyState::Retiring => RingEntry { retire_after: Some(known.unwrap_or(time)), ..entry },
                KeyState::Active | KeyState::Next => entry,
            }
        });
        Self(entries.collect())
    }

    /// Returns the ring without the next key.
    pub(super) fn without_next(&self) -> Self {
        Self(self.0.iter().filter(|entry| entry.state != KeyState::Next).cloned().collect())
    }

    /// Returns the ring without these keys.
    pub(super) fn without(&self, fingerprints: &BTreeSet<Fingerprint>) -> Self {
        Self(self.0.iter().filter(|entry| !fingerprints.contains(&entry.fingerprint)).cloned().collect())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EcP256 => "ec-p256",
            Self::Rsa2048 => "rsa-2048",
        })
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Retiring => "retiring",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{KeyRing, KeyState};

    const ENTRY: &str = r#"{"fingerprint":"0123456789ab","algorithm":"ec-p256","created_at":"2026-11-23T00:00:00Z","state":"active","retire_after":null}"#;

    fn ring_of_two() -> KeyRing {
        let next = ENTRY.replace("0123456789ab", "ba9876543210").replace("active", "next");
        KeyRing::parse(&format!("[{ENTRY},{next}]")).unwrap()
    }

    #[test]
    fn ring_is_read_as_it_was_written() {
        let text = format!("[{ENTRY}]");
        let ring = KeyRing::parse(&text).unwrap();
        assert_eq!(serde_json::to_string(&ring).unwrap(), text);
        assert_eq!(ring.active().map(|entry| entry.state), Some(KeyState::Active));
    }

    #[test]
    fn contradictory_ring_is_rejected() {
        let other = ENTRY.replace("0123456789ab", "ba9876543210");
        for text in [
            format!("[{ENTRY},{ENTRY}]"),
            format!("[{ENTRY},{other}]"),
            format!("[{ENTRY},{other}]").replace("active", "next"),
            "{}".to_owned(),
            String::new(),
            format!("[{}]", ENTRY.replace("0123456789ab", "../../../../")),
        ] {
            assert!(KeyRing::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn promoted_ring_has_no_retirement_time_yet() {
        let promoted = ring_of_two().promoted();
        assert_eq!(promoted.active().unwrap().fingerprint.as_str(), "ba9876543210");
        let retiring: Vec<_> = promoted.retiring().collect();
        assert_eq!(retiring.len(), 1);
        assert_eq!(retiring[0].fingerprint.as_str(), "0123456789ab");
        assert_eq!(retiring[0].retire_after, None);
    }

    #[test]
    fn retirement_time_is_shortened_only_in_an_emergency() {
        let at = |text: &str| text.parse().unwrap();
        let (early, late) = (at("2026-11-24T00:00:00Z"), at("2026-11-25T00:00:00Z"));
        let time_of = |ring: &KeyRing| ring.retiring().next().unwrap().retire_after;
        let ring = ring_of_two().promoted().retired_by(late, false);
        assert_eq!(time_of(&ring), Some(late));
        assert_eq!(time_of(&ring.retired_by(early, false)), Some(late));
        let shortened = ring.retired_by(early, true);
        assert_eq!(time_of(&shortened), Some(early));
        assert_eq!(time_of(&shortened.retired_by(late, true)), Some(early), "never later");
        assert_eq!(shortened.active().unwrap().retire_after, None);
    }

    #[test]
    fn keys_are_added_and_removed() {
        let ring = ring_of_two();
        assert!(ring.with(ring.entries()[0].clone()).is_err());
        let next = BTreeSet::from(["ba9876543210".parse().unwrap()]);
        let ring = ring.without(&next);
        assert_eq!(ring.entries().len(), 1);
        assert!(ring.next().is_none());
    }
}
