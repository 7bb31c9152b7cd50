//! The key ring: which signing keys an environment has, and what each is for.

use std::collections::HashSet;
use std::fmt;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use stack::Fingerprint;

/// The keys of an environment, as JSON in one parameter.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct KeyRing(Vec<RingEntry>);

/// A key of the ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RingEntry {
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub(super) fingerprint: Fingerprint,
    pub(super) algorithm: Algorithm,
    pub(super) created_at: DateTime<Utc>,
    pub(super) state: KeyState,
    pub(super) retire_after: Option<DateTime<Utc>>,
}

/// A kind of key that CloudFront takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "ec-p256")]
    EcP256,
    #[serde(rename = "rsa-2048")]
    Rsa2048,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeyState {
    /// It signs.
    Active,
    /// It will sign once CloudFront trusts it.
    Next,
    /// It signs no longer, and is trusted until the last URL it signed has expired.
    Retiring,
}

impl KeyRing {
    /// A ring of these keys.
    pub(super) fn new(entries: Vec<RingEntry>) -> Result<Self> {
        let distinct: HashSet<String> = entries.iter().map(|entry| entry.fingerprint.to_string()).collect();
        if distinct.len() != entries.len() {
            bail!("the key ring names a key twice");
        }
        if entries.iter().filter(|entry| entry.state == KeyState::Active).count() > 1 {
            bail!("the key ring has more than one active key");
        }
        Ok(Self(entries))
    }

    /// Read a ring as it is stored.
    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::new(serde_json::from_str(text)?)
    }

    pub(super) fn entries(&self) -> &[RingEntry] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that signs.
    pub(super) fn active(&self) -> Option<&RingEntry> {
        self.0.iter().find(|entry| entry.state == KeyState::Active)
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

fn as_text<S: Serializer>(fingerprint: &Fingerprint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fingerprint)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::{KeyRing, KeyState};

    const ENTRY: &str = r#"{"fingerprint":"0123456789ab","algorithm":"ec-p256","created_at":"2026-11-23T00:00:00Z","state":"active","retire_after":null}"#;

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let text = format!("[{ENTRY}]");
        let ring = KeyRing::parse(&text).unwrap();
        assert_eq!(serde_json::to_string(&ring).unwrap(), text);
        assert_eq!(ring.active().map(|entry| entry.state), Some(KeyState::Active));
    }

    #[test]
    fn a_ring_that_contradicts_itself_is_refused() {
        let other = ENTRY.replace("0123456789ab", "ba9876543210");
        for text in
            [format!("[{ENTRY},{ENTRY}]"), format!("[{ENTRY},{other}]"), "{}".to_owned(), String::new()]
        {
            assert!(KeyRing::parse(&text).is_err(), "{text}");
        }
    }
}
