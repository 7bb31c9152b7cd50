//! The key ring, and its rotation.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use deploy::Consent;
use deploy::keys::{Algorithm, Overlap, RotateOptions, Rotated, Status, rotate as rotate_keys};
use local_stack::console::{Action, Topic};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Access, boxed, topic};

const INTERVAL: Duration = Duration::from_secs(3);
const ROTATION_INTERVAL: Duration = Duration::from_millis(200);
/// Up to this overlap, a rotation waits for the removal of the old key.
const WAITED_FOR: TimeDelta = TimeDelta::minutes(5);

/// What the page sends to rotate the keys.
#[derive(Deserialize)]
struct Rotation {
    algorithm: String,
    overlap: String,
}

/// Returns the status of the key ring, as `cargo xtask keys status` shows it.
pub(super) fn ring(access: &Arc<Access>) -> Topic {
    topic("keys", INTERVAL, access, async |access| {
        let status = Status::read(&access.environment, &access.deployer).await?;
        let mut status = serde_json::to_value(status)?;
        // The page knows the age from the time of creation. Without it, the document changes only with the keys.
        for key in status["keys"].as_array_mut().into_iter().flatten() {
            key.as_object_mut().map(|key| key.remove("age_seconds"));
        }
        Ok(status)
    })
}

/// Returns the steps of the last rotation that the page has started.
pub(super) fn rotation(access: &Arc<Access>) -> Topic {
    topic("rotation", ROTATION_INTERVAL, access, async |access| Ok(access.rotation.to_json()))
}

/// Starts a rotation, as `cargo xtask keys rotate` does.
pub(super) fn rotate(access: &Arc<Access>) -> Action {
    let access = Arc::clone(access);
    Action {
        name: "rotate",
        run: Arc::new(move |parameters| {
            let access = Arc::clone(&access);
            boxed(async move {
                let options = options(parameters)?;
                access.rotation.begin()?;
                tokio::spawn(async move {
                    let rotated = rotate_keys(&access.environment, &access.deployer, &options).await;
                    access.rotation.end(rotated.map(describe));
                });
                Ok(json!({}))
            })
        }),
    }
}

fn options(parameters: Value) -> Result<RotateOptions> {
    let Rotation { algorithm, overlap } =
        serde_json::from_value(parameters).context("the parameters are malformed")?;
    let algorithm = match &*algorithm {
        "ec-p256" => Algorithm::EcP256,
        "rsa-2048" => Algorithm::Rsa2048,
        _ => bail!("{algorithm:?} is no kind of key"),
    };
    let wait = deploy::time_span::parse(&overlap)? <= WAITED_FOR;
    let overlap: Overlap = overlap.parse()?;
    Ok(RotateOptions { algorithm, overlap, wait, emergency: false, consent: Consent::Implied })
}

fn describe(rotated: Rotated) -> String {
    match rotated {
        Rotated::Complete(active) => format!("{active} signs, and is the only key."),
        Rotated::Revoked(active, when) => format!("{active} signs. Older keys are rejected {when}."),
        Rotated::Overlapping(active, time) => {
            format!("{active} signs. The previous key stays trusted until {}.", time.format("%H:%M:%S UTC"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::options;

    #[test]
    fn rotation_waits_for_a_short_overlap_only() {
        let wait =
            |overlap: &str| options(json!({ "algorithm": "ec-p256", "overlap": overlap })).unwrap().wait;
        assert!(wait("10s"));
        assert!(!wait("2h"));
    }

    #[test]
    fn malformed_parameters_are_rejected() {
        for parameters in [
            json!({}),
            json!({ "algorithm": "none", "overlap": "2h" }),
            json!({ "algorithm": "ec-p256", "overlap": "soon" }),
        ] {
            assert!(options(parameters.clone()).is_err(), "{parameters}");
        }
    }
}
