//! Replaces the signing key.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use openapi::SIGNED_URL_LIFETIME_SECONDS;
use stack::Environment;

use super::overlap::Overlap;
use super::plan::{Intent, Observed, Progress, Step, next_step};
use super::ring::Algorithm;
use super::rotation::{Rotation, RotationResult};
use super::store::KeyStore;
use crate::connection::Connection;
use crate::consent::Consent;
use crate::time_span::format_span;

/// Options of a rotation.
#[derive(Clone, Copy, Debug)]
pub struct RotateOptions {
    /// The algorithm of the new key.
    pub algorithm: Algorithm,
    /// How long the old key stays trusted.
    pub overlap: Overlap,
    /// Whether to wait until the old key is removed.
    pub wait: bool,
    /// Whether to revoke all older keys as soon as the new one signs.
    pub emergency: bool,
    /// How the rotation is confirmed.
    pub consent: Consent,
}

/// The result of a rotation.
pub enum Rotated {
    /// The key with this fingerprint is the only one.
    Complete(String),
    /// The key with this fingerprint signs, and every edge rejects older keys within this time, as text.
    Revoked(String, String),
    /// The key with this fingerprint signs, and older keys stay trusted until this time.
    Overlapping(String, DateTime<Utc>),
}

/// Replaces the signing key, or continues a rotation in progress.
///
/// No URL is rejected before it expires, except in an emergency or with a short overlap.
pub async fn rotate(
    environment: &Environment,
    connection: &Connection,
    options: &RotateOptions,
) -> Result<Rotated> {
    let store = KeyStore::new(connection, environment);
    let intent = if options.emergency { Intent::Revoke } else { Intent::Rotate };
    let mut rotation = Rotation::new(environment, connection, &store, intent);
    rotation.overlap = options.overlap;
    rotation.wait = options.wait;
    let observation = rotation.observe().await?;
    let observed = &observation.observed;
    let create = observed.needs_new_key(intent).then_some(options.algorithm);
    let first = next_step(observed, intent, Progress { create: create.is_some(), ..Progress::default() })?;
    if !matches!(first, Step::Done | Step::AwaitRetirement(_)) {
        // Checks this before anything is begun that could not be completed.
        rotation.allow(&rotation.observed_parameter_changes(&observation).await?)?;
        let announcement = announcement(observed, environment, &rotation, create);
        let question = format!("Rotate the signing keys of {}?", environment.name);
        rotation.require_confirmation(options.consent, &announcement, &question).await?;
    }
    let ending = rotation.run(create).await?;
    let ring = store.ring().await?.ring;
    let active = ring.active().map(|entry| entry.fingerprint.to_string()).unwrap_or_default();
    Ok(match ending {
        RotationResult::Complete if intent == Intent::Revoke => {
            Rotated::Revoked(active, propagation_text(observed.propagation))
        }
        RotationResult::Complete => Rotated::Complete(active),
        RotationResult::Overlapping(time) => Rotated::Overlapping(active, time),
    })
}

/// Describes what will happen, and which URLs it invalidates.
fn announcement(
    observed: &Observed,
    environment: &Environment,
    rotation: &Rotation<'_>,
    create: Option<Algorithm>,
) -> String {
    let active = observed.ring.active().map(|entry| entry.fingerprint.to_string()).unwrap_or_default();
    let next = observed.ring.next();
    let mut lines = vec![match create {
        Some(algorithm) => format!("A new {algorithm} key replaces {active}, which signs now."),
        None => match next {
            Some(next) => {
                format!("{}, the next key, replaces {active}, which signs now.", next.fingerprint)
            }
            None => format!("A rotation to {active} is in progress and is continued; no new key is created."),
        },
    }];
    let lifetime = format_span(TimeDelta::seconds(SIGNED_URL_LIFETIME_SECONDS.into()));
    if rotation.intent == Intent::Revoke {
        if let Some(next) = next {
            lines.push(format!("{}, the next key, is removed: it may have leaked too.", next.fingerprint));
        }
        lines.push(format!(
            "All older keys are revoked as soon as it signs; every edge applies that {}. URLs and policies \
             that they signed then stop working, up to {lifetime} before they expire: open viewers get 403 \
             until they request new ones. Their private keys are deleted.",
            propagation_text(observed.propagation)
        ));
    } else {
        let overlap = format_span(rotation.overlap.in_environment(environment));
        lines.push(format!("Older keys stay trusted for {overlap} after it starts to sign."));
        if rotation.overlap.is_short_in(environment) {
            lines
                .push(format!("URLs are valid for {lifetime}: those that outlive the overlap stop working."));
        }
    }
    lines.join("\n")
}

/// Describes when a change of CloudFront's configuration has reached every edge.
fn propagation_text(propagation: TimeDelta) -> String {
    if propagation.is_zero() { "at once".to_owned() } else { format!("within {}", format_span(propagation)) }
}
