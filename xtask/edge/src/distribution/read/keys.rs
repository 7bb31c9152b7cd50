//! Reads the trusted keys of behaviors.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::Client;
use chrono::Utc;

use super::super::key_groups::{KeyGroups, Keys};
use super::{ReadError, api, unsupported};
use crate::authorization::TrustedKeys;
use crate::signature::PublicKey;

/// Reads key groups and public keys.
pub(super) struct KeyReader<'a> {
    client: &'a Client,
    groups: &'a mut KeyGroups,
    /// PEM by public key id. It is a cache, because several behaviors trust the same keys.
    keys: BTreeMap<String, String>,
}

impl<'a> KeyReader<'a> {
    pub(super) fn new(client: &'a Client, groups: &'a mut KeyGroups) -> Self {
        Self { client, groups, keys: BTreeMap::new() }
    }

    /// Returns the keys of all groups, as the edge knows them, or `None` without a group.
    pub(super) async fn trusted_keys(&mut self, groups: &[String]) -> Result<Option<TrustedKeys>, ReadError> {
        if groups.is_empty() {
            return Ok(None);
        }
        let mut trusted = TrustedKeys::new();
        for group in groups {
            for (id, pem) in self.keys_of(group).await? {
                let key = PublicKey::from_pem(&pem)
                    .map_err(|error| unsupported(format!("public key {id} is no use: {error}")))?;
                trusted.insert(id, key);
            }
        }
        Ok(Some(trusted))
    }

    async fn keys_of(&mut self, id: &str) -> Result<Keys, ReadError> {
        let found = self
            .client
            .get_key_group()
            .id(id)
            .send()
            .await
            .map_err(|error| api(format!("key group {id}"), &error))?
            .key_group
            .ok_or_else(|| unsupported(format!("key group {id} is empty")))?;
        let mut deployed = Keys::new();
        for key in found.key_group_config.into_iter().flat_map(|config| config.items) {
            let pem = self.public_key(&key).await?.to_owned();
            deployed.insert(key, pem);
        }
        let changed = found.last_modified_time.to_millis().unwrap_or_default();
        Ok(self.groups.known(id, deployed, changed, Utc::now().timestamp_millis()))
    }

    async fn public_key(&mut self, id: &str) -> Result<&str, ReadError> {
        if !self.keys.contains_key(id) {
            let found = self
                .client
                .get_public_key()
                .id(id)
                .send()
                .await
                .map_err(|error| api(format!("public key {id}"), &error))?;
            let pem = found
                .public_key
                .and_then(|key| key.public_key_config)
                .map(|config| config.encoded_key)
                .unwrap_or_default();
            self.keys.insert(id.to_owned(), pem);
        }
        Ok(self.keys.get(id).map_or("", String::as_str))
    }
}
