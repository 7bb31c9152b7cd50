//! Stores keys in the Parameter Store.
//!
//! The ring is changed by compare-and-set. The Parameter Store has no conditional write, but it numbers the versions
//! of a parameter and returns the number of each written version. If that number is not the one after the version
//! that was read, another process wrote in between, and its version was just overwritten. That version still exists.
//! The second process restores it and returns an error. Of two changes based on the same ring, the first one is kept
//! and the second one reports the conflict.
//!
//! Without conditional writes, a third process may read the ring just before it is restored. It then acts on a ring
//! that was once valid. Every step begins by reading the ring again, so at worst a change is made twice.
//!
//! A lock parameter is not used. A killed process would leave it behind, and two processes that both remove it as
//! stale could both acquire it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::ProvideErrorMetadata;
use aws_sdk_ssm::operation::delete_parameter::DeleteParameterError;
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use chrono::{DateTime, Utc};
use signing::{decode_key_value, encode_key_value};
use stack::{
    Environment, EnvironmentName, Fingerprint, SigningKey, SigningKeys, key_parameters, key_ring_parameter,
    private_key_parameter, public_key_parameter,
};
use zeroize::Zeroizing;

use super::key_pair::KeyPair;
use super::plan::Parameters;
use super::ring::KeyRing;
use crate::advice::command_for;
use crate::clock::Clock;
use crate::connection::Connection;

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
    /// The version of its parameter, or 0 if it does not exist yet.
    version: i64,
    pub(super) written_at: Option<DateTime<Utc>>,
}

impl StoredRing {
    /// Returns whether the ring was written after `other` was read.
    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        self.version > other.version
    }
}

impl<'a> KeyStore<'a> {
    pub(super) fn new(connection: &Connection, environment: &'a Environment) -> Self {
        let clock = Clock::default();
        Self { client: connection.ssm_with(clock.clone()), clock, environment }
    }

    /// Returns the time of the last response.
    pub(super) fn now(&self) -> Result<DateTime<Utc>> {
        self.clock.now()
    }

    /// Returns the ring, which is empty if none was written yet.
    pub(super) async fn ring(&self) -> Result<StoredRing> {
        let name = key_ring_parameter(self.environment);
        let response = match self.client.get_parameter().name(&name).send().await {
            Err(error) if error.as_service_error().is_some_and(GetParameterError::is_parameter_not_found) => {
                return Ok(StoredRing::default());
            }
            response => response.with_context(|| format!("cannot read the key ring {name}"))?,
        };
        let parameter = response.parameter.with_context(|| format!("the key ring {name} has no value"))?;
        let ring = KeyRing::parse(parameter.value().unwrap_or_default());
        let ring = ring.with_context(|| format!("the key ring {name} is malformed"))?;
        let written_at = parameter
            .last_modified_date
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        Ok(StoredRing { ring, version: parameter.version, written_at })
    }

    /// Replaces the ring that was read.
    ///
    /// Returns an error and changes nothing if another process was faster.
    pub(super) async fn replace_ring(&self, read: &StoredRing, ring: &KeyRing) -> Result<()> {
        let name = key_ring_parameter(self.environment);
        let text = serde_json::to_string(ring)?;
        if read.version == 0 {
            return match self.put(&name, ParameterType::String, &text, false).await? {
                Put::Written(_) => Ok(()),
                Put::AlreadyExists => Err(ConcurrentChange::in_environment(self.environment).into()),
            };
        }
        if self.ring().await?.version != read.version {
            return Err(ConcurrentChange::in_environment(self.environment).into());
        }
        match self.put(&name, ParameterType::String, &text, true).await? {
            Put::Written(version) if version == read.version + 1 => Ok(()),
            Put::Written(_) | Put::AlreadyExists => {
                let first = self.value(&format!("{name}:{}", read.version + 1), false).await?;
                self.put(&name, ParameterType::String, &first, true).await?;
                Err(ConcurrentChange::in_environment(self.environment).into())
            }
        }
    }

    /// Returns which parameters exist for each key, without decrypting private keys.
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
        // A list may be outdated for a moment, but the keys of the ring must be read reliably.
        for fingerprint in ring.fingerprints() {
            let private = private_key_parameter(self.environment, &fingerprint);
            let public = public_key_parameter(self.environment, &fingerprint);
            let parameters = found.entry(fingerprint).or_default();
            parameters.private = parameters.private || self.exists(&private).await?;
            parameters.public = parameters.public || self.exists(&public).await?;
        }
        Ok(found)
    }

    /// Returns whether a parameter exists that is missing from the list.
    ///
    /// A role for reading the status must not read private keys, and IAM cannot allow the read without the
    /// decryption. For such a role, the list decides.
    async fn exists(&self, name: &str) -> Result<bool> {
        match self.client.get_parameter().name(name).send().await {
            Err(error) if matches!(error.code(), Some("ParameterNotFound" | "AccessDeniedException")) => {
                Ok(false)
            }
            response => {
                response.map(|_| true).with_context(|| format!("cannot look for the parameter {name}"))
            }
        }
    }

    /// Returns the keys of a ring in the form that the stack requires.
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

    /// Returns a key with its private key, after checking that it matches the fingerprint.
    pub(super) async fn key_pair(&self, fingerprint: &Fingerprint) -> Result<KeyPair> {
        let name = private_key_parameter(self.environment, fingerprint);
        let value = self.value(&name, true).await?;
        let pem = decode_key_value(&value).with_context(|| format!("the key in {name} is unusable"))?;
        let key = KeyPair::from_pem(&pem).with_context(|| format!("the key in {name} is unusable"))?;
        if key.fingerprint() != fingerprint {
            bail!(
                "the private key in {name} belongs to another key, {}; CloudFront would reject its signatures",
                key.fingerprint()
            );
        }
        Ok(key)
    }

    /// Stores a key without overwriting anything.
    ///
    /// Losing a private key would invalidate every URL that it signed. A parameter left by an earlier attempt is kept
    /// if it holds the same key.
    pub(super) async fn put_key_pair(&self, key: &KeyPair) -> Result<()> {
        let private = encode_key_value(key.private_pem());
        let name = private_key_parameter(self.environment, key.fingerprint());
        if let Put::AlreadyExists = self.put(&name, ParameterType::SecureString, &private, false).await? {
            self.key_pair(key.fingerprint()).await?;
        }
        let name = public_key_parameter(self.environment, key.fingerprint());
        let put = self.put(&name, ParameterType::String, key.public_pem(), false).await?;
        if matches!(put, Put::AlreadyExists)
            && self.value(&name, false).await?.trim() != key.public_pem().trim()
        {
            bail!("the parameter {name} holds another public key; delete it, and try again");
        }
        Ok(())
    }

    /// Deletes the parameters of these keys, as far as they exist.
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
                    response => {
                        response.with_context(|| format!("cannot delete the parameter {name}"))?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn value(&self, name: &str, decrypted: bool) -> Result<Zeroizing<String>> {
        let response = self.client.get_parameter().name(name).with_decryption(decrypted).send().await;
        let response = response.with_context(|| format!("cannot read the parameter {name}"))?;
        let value = response.parameter.and_then(|parameter| parameter.value).map(Zeroizing::new);
        value.with_context(|| format!("the parameter {name} has no value"))
    }

    async fn put(&self, name: &str, kind: ParameterType, value: &str, overwrite: bool) -> Result<Put> {
        let request = self.client.put_parameter().name(name).r#type(kind).value(value).overwrite(overwrite);
        match request.send().await {
            Err(error)
                if error.as_service_error().is_some_and(PutParameterError::is_parameter_already_exists) =>
            {
                Ok(Put::AlreadyExists)
            }
            response => {
                let response = response.with_context(|| format!("cannot write the parameter {name}"))?;
                Ok(Put::Written(response.version))
            }
        }
    }
}

/// The result of writing a parameter.
enum Put {
    /// The parameter was written with this version.
    Written(i64),
    /// The parameter was to be created, but exists already.
    AlreadyExists,
}

/// An error: another process has changed the ring since it was read.
#[derive(Debug)]
pub(super) struct ConcurrentChange(EnvironmentName);

impl ConcurrentChange {
    pub(super) fn in_environment(environment: &Environment) -> Self {
        Self(environment.name.clone())
    }
}

impl std::error::Error for ConcurrentChange {}

impl std::fmt::Display for ConcurrentChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "another process changed the key ring at the same time, and its change was kept; see {}, and run the \
             command again if it is still needed",
            command_for(&self.0, "keys status")
        )
    }
}
