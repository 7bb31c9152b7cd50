//! Keys in the Parameter Store.
//!
//! The ring is changed by compare and set. The Parameter Store has no conditional write, but it numbers the versions of
//! a parameter, and answers a write with the number it got: where that is not the one after the version that was read,
//! somebody else has written in between, and was just written over. Their version is still there, and is put back; the
//! one who came second gives up. So of two changes that were made from the same ring, the first counts, and the second
//! is told. What no store without conditions can prevent is that a third reads the ring in the moment before it is put
//! back; it acts on a ring that was once valid, and as every step begins by reading the ring anew, what it changes is
//! at worst done again.
//!
//! A lock parameter was rejected: a process that dies would leave it, and two that remove it as stale at the same time
//! would both hold it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::Builder;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::operation::delete_parameter::DeleteParameterError;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use stack::{
    Environment, Fingerprint, SigningKey, SigningKeys, key_parameters, key_ring_parameter,
    private_key_parameter, public_key_parameter,
};
use zeroize::Zeroizing;

use super::key_pair::KeyPair;
use super::plan::Parameters;
use super::ring::KeyRing;
use crate::clock::Clock;

/// The keys of one environment.
pub(super) struct KeyStore<'a> {
    client: Client,
    clock: Clock,
    environment: &'a Environment,
}

/// The ring as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredRing {
    pub(super) ring: KeyRing,
    /// The version of its parameter; 0 where there is none yet.
    version: i64,
    pub(super) written_at: Option<DateTime<Utc>>,
}

impl StoredRing {
    /// Whether somebody has written since the other one was read.
    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        self.version > other.version
    }
}

impl<'a> KeyStore<'a> {
    pub(super) fn new(configuration: &aws_config::SdkConfig, environment: &'a Environment) -> Self {
        let clock = Clock::default();
        let client = Client::from_conf(Builder::from(configuration).interceptor(clock.clone()).build());
        Self { client, clock, environment }
    }

    /// The time as of the last answer.
    pub(super) fn now(&self) -> Result<DateTime<Utc>> {
        self.clock.now()
    }

    /// The ring; an empty one where none was written yet.
    pub(super) async fn ring(&self) -> Result<StoredRing> {
        let name = key_ring_parameter(self.environment);
        let answer = match self.client.get_parameter().name(&name).send().await {
            Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => {
                return Ok(StoredRing::default());
            }
            answer => answer.with_context(|| format!("cannot read the key ring {name}"))?,
        };
        let parameter = answer.parameter.with_context(|| format!("the key ring {name} has no value"))?;
        let ring = KeyRing::parse(parameter.value().unwrap_or_default());
        let ring = ring.with_context(|| format!("the key ring {name} is malformed"))?;
        let written_at = parameter
            .last_modified_date
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        Ok(StoredRing { ring, version: parameter.version, written_at })
    }

    /// Replace the ring that was read. Fails, and changes nothing, where somebody else was quicker.
    pub(super) async fn replace_ring(&self, read: &StoredRing, ring: &KeyRing) -> Result<()> {
        let name = key_ring_parameter(self.environment);
        let text = serde_json::to_string(ring)?;
        if read.version == 0 {
            return match self.put(&name, ParameterType::String, &text, false).await? {
                Put::Done(_) => Ok(()),
                Put::AlreadyThere => Err(Overtaken.into()),
            };
        }
        if self.ring().await?.version != read.version {
            return Err(Overtaken.into());
        }
        match self.put(&name, ParameterType::String, &text, true).await? {
            Put::Done(version) if version == read.version + 1 => Ok(()),
            Put::Done(_) | Put::AlreadyThere => {
                let first = self.value(&format!("{name}:{}", read.version + 1), false).await?;
                self.put(&name, ParameterType::String, &first, true).await?;
                Err(Overtaken.into())
            }
        }
    }

    /// Which parameters there are, by key. Private keys are not decrypted for that.
    pub(super) async fn parameters(&self, ring: &KeyRing) -> Result<BTreeMap<Fingerprint, Parameters>> {
        let mut found: BTreeMap<Fingerprint, Parameters> = BTreeMap::new();
        let mut note = |name: &str, modified: Option<aws_sdk_ssm::primitives::DateTime>| {
            let Some(fingerprint) = name.rsplit('/').next().and_then(|last| last.parse().ok()) else {
                return;
            };
            let is_private = name == private_key_parameter(self.environment, &fingerprint);
            let is_public = name == public_key_parameter(self.environment, &fingerprint);
            if is_private || is_public {
                let written_at =
                    modified.and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
                let parameters = found.entry(fingerprint).or_default();
                parameters.private |= is_private;
                parameters.public |= is_public;
                parameters.written_at = parameters.written_at.max(written_at);
            }
        };
        let prefix = key_parameters(self.environment);
        let filter = ParameterStringFilter::builder().key("Name").option("BeginsWith");
        let filter = filter.values(format!("{prefix}/")).build().context("a filter is incomplete")?;
        let mut pages = self.client.describe_parameters().parameter_filters(filter).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("cannot list the parameters below {prefix}"))?;
            for parameter in page.parameters() {
                note(parameter.name().unwrap_or_default(), parameter.last_modified_date);
            }
        }
        // A list may be a moment behind; that a key of the ring is there must be certain.
        for fingerprint in ring.fingerprints() {
            let private = private_key_parameter(self.environment, &fingerprint);
            let public = public_key_parameter(self.environment, &fingerprint);
            let parameters = found.entry(fingerprint).or_default();
            parameters.private = parameters.private || self.is_there(&private).await?;
            parameters.public = parameters.public || self.is_there(&public).await?;
        }
        Ok(found)
    }

    /// Whether a parameter is there that the list does not show. Whoever only looks must not read private keys, since
    /// reading cannot be allowed without decrypting: for them, what the list says must do.
    async fn is_there(&self, name: &str) -> Result<bool> {
        match self.client.get_parameter().name(name).send().await {
            Err(error) if matches!(error.code(), Some("ParameterNotFound" | "AccessDeniedException")) => {
                Ok(false)
            }
            answer => answer.map(|_| true).with_context(|| format!("cannot look for the parameter {name}")),
        }
    }

    /// The keys of a ring as the stack has to know them.
    pub(super) async fn signing_keys(&self, ring: &KeyRing) -> Result<SigningKeys> {
        let mut keys = Vec::new();
        for entry in ring.entries() {
            let name = public_key_parameter(self.environment, &entry.fingerprint);
            let pem = self.value(&name, false).await;
            let pem = pem.with_context(|| format!("the key ring names the key {}", entry.fingerprint))?;
            let created =
                u64::try_from(entry.created_at.timestamp()).context("a key of the ring is too old")?;
            keys.push(SigningKey::new(entry.fingerprint.clone(), created, &pem)?);
        }
        Ok(SigningKeys::new(keys, ring.active().map(|entry| entry.fingerprint.clone()))?)
    }

    /// A key with its private half, which is checked to be the one that the fingerprint names.
    pub(super) async fn key_pair(&self, fingerprint: &Fingerprint) -> Result<KeyPair> {
        let name = private_key_parameter(self.environment, fingerprint);
        let value = self.value(&name, true).await?;
        let pem = STANDARD.decode(value.trim()).map(Zeroizing::new);
        let pem = pem.map_err(|_| anyhow::anyhow!("the parameter {name} is not base64"))?;
        let pem = std::str::from_utf8(&pem).with_context(|| format!("the parameter {name} holds no PEM"))?;
        let key = KeyPair::from_pem(pem).with_context(|| format!("the key in {name} is unusable"))?;
        if key.fingerprint() != fingerprint {
            bail!(
                "the private key in {name} belongs to another key, {}; CloudFront would reject its signatures",
                key.fingerprint()
            );
        }
        Ok(key)
    }

    /// Store a key. Nothing is overwritten: a private key that is lost invalidates every URL it signed. What an earlier
    /// attempt has stored stays, once it is known to be this very key.
    pub(super) async fn put_key_pair(&self, key: &KeyPair) -> Result<()> {
        let private = Zeroizing::new(STANDARD.encode(key.private_pem()));
        let name = private_key_parameter(self.environment, key.fingerprint());
        if let Put::AlreadyThere = self.put(&name, ParameterType::SecureString, &private, false).await? {
            self.key_pair(key.fingerprint()).await?;
        }
        let name = public_key_parameter(self.environment, key.fingerprint());
        let put = self.put(&name, ParameterType::String, key.public_pem(), false).await?;
        if matches!(put, Put::AlreadyThere)
            && self.value(&name, false).await?.trim() != key.public_pem().trim()
        {
            bail!("the parameter {name} holds another public key; delete it, and try again");
        }
        Ok(())
    }

    /// Delete what there is of some keys.
    pub(super) async fn delete(&self, fingerprints: &BTreeSet<Fingerprint>) -> Result<()> {
        let environment = self.environment;
        for fingerprint in fingerprints {
            let private = private_key_parameter(environment, fingerprint);
            for name in [private, public_key_parameter(environment, fingerprint)] {
                match self.client.delete_parameter().name(&name).send().await {
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(DeleteParameterError::is_parameter_not_found) => {}
                    answer => {
                        answer.with_context(|| format!("cannot delete the parameter {name}"))?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn value(&self, name: &str, decrypted: bool) -> Result<Zeroizing<String>> {
        let answer = self.client.get_parameter().name(name).with_decryption(decrypted).send().await;
        let answer = answer.with_context(|| format!("cannot read the parameter {name}"))?;
        let value = answer.parameter.and_then(|parameter| parameter.value).map(Zeroizing::new);
        value.with_context(|| format!("the parameter {name} has no value"))
    }

    async fn put(&self, name: &str, kind: ParameterType, value: &str, overwrite: bool) -> Result<Put> {
        let request = self.client.put_parameter().name(name).r#type(kind).value(value).overwrite(overwrite);
        match request.send().await {
            Err(error)
                if error.as_service_error().is_some_and(PutParameterError::is_parameter_already_exists) =>
            {
                Ok(Put::AlreadyThere)
            }
            answer => {
                let answer = answer.with_context(|| format!("cannot write the parameter {name}"))?;
                Ok(Put::Done(answer.version))
            }
        }
    }
}

/// What came of writing a parameter.
enum Put {
    /// It is written, and this is its version.
    Done(i64),
    /// It is there already, and was to be new.
    AlreadyThere,
}

/// Somebody else has changed the ring since it was read.
#[derive(Debug)]
pub(super) struct Overtaken;

impl std::error::Error for Overtaken {}

impl std::fmt::Display for Overtaken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(
            "another process changed the key ring at the same time, and its change was kept; see `cargo xtask \
             keys status`, and run the command again if it is still needed",
        )
    }
}
