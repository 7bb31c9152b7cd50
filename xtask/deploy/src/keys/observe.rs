//! Observes the current state of the keys.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_sdk_cloudfront::types::{CacheBehaviors, TrustedKeyGroups};
use chrono::{DateTime, TimeDelta, Utc};
use stack::{DeployedTemplate, Environment, Fingerprint, OutputName};

use super::key_pair::fingerprint_of;
use super::plan::{CloudFront, DeployedKeys, Observed, StackState};
use super::store::{KeyStore, StoredRing};
use crate::connection::Connection;
use crate::deployed_stack::{Condition, DeployedStack};

/// The observed state, and the values that a change needs.
pub(super) struct Observation {
    pub(super) observed: Observed,
    pub(super) ring: StoredRing,
    /// The stack, or `None` if it is not deployed.
    pub(super) stack: Option<DeployedStack>,
    pub(super) template: Option<DeployedTemplate>,
    /// The domain that CloudFront assigned to the distribution.
    pub(super) distribution_domain: Option<String>,
}

/// Observes the stack, then CloudFront, and then the Parameter Store.
///
/// The time comes from the last response and is therefore never before any of the observations.
pub(super) async fn observe(
    environment: &Environment,
    connection: &Connection,
    store: &KeyStore<'_>,
) -> Result<Observation> {
    let cloudformation = connection.cloudformation();
    let name = stack::stack_name(environment);
    let (mut deployed_stack, mut template, mut distribution_domain, mut cloudfront) =
        (None, None, None, None);
    let state = match DeployedStack::find(&cloudformation, &name).await? {
        None => StackState::Absent,
        Some(stack) if stack.condition == Condition::Changing => StackState::Changing,
        Some(stack) => {
            let deployed = stack.template(&cloudformation).await?;
            let client = connection.cloudfront();
            let id = stack.outputs.get(OutputName::DistributionId)?;
            let (domain, distribution) = distribution(&client, id).await?;
            (distribution_domain, cloudfront) = (Some(domain), Some(distribution));
            let keys = DeployedKeys { trusted: deployed.trusted(), active: deployed.active() };
            (deployed_stack, template) = (Some(stack), Some(deployed));
            StackState::Settled(keys)
        }
    };
    let ring = store.ring().await?;
    let observed = Observed {
        environment: environment.name.clone(),
        parameters: store.parameters(&ring.ring).await?,
        now: store.now()?,
        ring: ring.ring.clone(),
        ring_written_at: ring.written_at,
        stack: state,
        cloudfront,
        propagation: propagation(environment)?,
    };
    Ok(Observation { observed, ring, stack: deployed_stack, template, distribution_domain })
}

/// Returns how long a changed key group may take to reach every edge.
pub(super) fn propagation(environment: &Environment) -> Result<TimeDelta> {
    Ok(TimeDelta::from_std(environment.key_group_propagation.get())?)
}

/// Returns the domain of a distribution, and the keys that it trusts.
async fn distribution(client: &aws_sdk_cloudfront::Client, id: &str) -> Result<(String, CloudFront)> {
    let response = client.get_distribution().id(id).send().await;
    let response = response.with_context(|| format!("cannot read the distribution {id}"))?;
    let distribution = response.distribution.with_context(|| format!("there is no distribution {id}"))?;
    let config = distribution.distribution_config();
    let config = config.with_context(|| format!("the distribution {id} has no configuration"))?;

    let groups_of = |groups: Option<&TrustedKeyGroups>| -> BTreeSet<String> {
        let items = groups.filter(|groups| groups.enabled()).map(TrustedKeyGroups::items);
        items.unwrap_or_default().iter().cloned().collect()
    };
    let default = config.default_cache_behavior().and_then(|behavior| behavior.trusted_key_groups());
    let mut behaviours = vec![groups_of(default)];
    for behaviour in config.cache_behaviors().map(CacheBehaviors::items).unwrap_or_default() {
        behaviours.push(groups_of(behaviour.trusted_key_groups()));
    }
    let mut group_changed_at = None;
    let mut known = BTreeMap::new();
    let mut trusted: Option<BTreeMap<Fingerprint, String>> = None;
    for groups in behaviours {
        let mut keys = BTreeMap::new();
        for group in groups {
            if !known.contains_key(&group) {
                let (keys, changed_at) = keys_of(client, &group).await?;
                group_changed_at = group_changed_at.max(Some(changed_at));
                known.insert(group.clone(), keys);
            }
            keys.extend(known[&group].clone());
        }
        if let Some(trusted) = &mut trusted {
            trusted.retain(|fingerprint, _| keys.contains_key(fingerprint));
        } else {
            trusted = Some(keys);
        }
    }
    let cloudfront = CloudFront {
        trusted: trusted.unwrap_or_default(),
        is_deployed: distribution.status() == "Deployed",
        group_changed_at,
        is_enabled: config.enabled(),
    };
    Ok((distribution.domain_name().to_owned(), cloudfront))
}

/// Returns the keys of a key group, and when it was last changed.
///
/// The keys are identified by content and not by name:
/// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_KeyGroup.html>.
async fn keys_of(
    client: &aws_sdk_cloudfront::Client,
    group: &str,
) -> Result<(BTreeMap<Fingerprint, String>, DateTime<Utc>)> {
    let response = client.get_key_group().id(group).send().await;
    let response = response.with_context(|| format!("cannot read the key group {group}"))?;
    let found = response.key_group.with_context(|| format!("there is no key group {group}"))?;
    let changed_at = found.last_modified_time;
    let changed_at = DateTime::from_timestamp(changed_at.secs(), changed_at.subsec_nanos());
    let changed_at = changed_at.with_context(|| format!("the key group {group} was changed at no time"))?;
    let config = found.key_group_config;
    let mut keys = BTreeMap::new();
    for id in config.map(|config| config.items).unwrap_or_default() {
        let response = client.get_public_key().id(&id).send().await;
        let response = response.with_context(|| format!("cannot read the public key {id}"))?;
        let config = response.public_key.and_then(|key| key.public_key_config);
        let pem = config.map(|config| config.encoded_key).unwrap_or_default();
        let fingerprint = fingerprint_of(&pem);
        keys.insert(fingerprint.with_context(|| format!("the public key {id} of CloudFront"))?, id);
    }
    Ok((keys, changed_at))
}
