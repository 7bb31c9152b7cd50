//! A review that was saved for approval, and is applied later exactly as it was reviewed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stack::{ArtifactHash, Environment, EnvironmentName, Fingerprint, FunctionName};

use crate::build::sha256;
use crate::candidate::Candidate;
use crate::connection::Connection;
use crate::release::ReleaseId;
use crate::review::{Review, differing_parts};

/// The version of the file format.
const FORMAT: u32 = 1;

/// Parts of a review that do not change what is deployed. What they say depends on who looks.
const NOT_COMPARED: [&str; 2] = ["/existing/unchecked", "/live_resources"];

/// What was reviewed, and when, and by whom.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    format: u32,
    environment: EnvironmentName,
    created_at: DateTime<Utc>,
    created_by: String,
    /// The release to deploy, or `None` if the source is deployed.
    release: Option<ReleaseId>,
    /// The SHA-256 of the template, without the parts that depend on signing keys.
    template_sha256: String,
    /// The SHA-256 of each function's zip file.
    functions: BTreeMap<FunctionName, ArtifactHash>,
    /// The signing keys that are trusted, unless the deployment generates the first one.
    signing_keys: BTreeSet<Fingerprint>,
    review: Value,
}

impl Plan {
    /// Saves a review with everything that decides what is deployed.
    pub fn new(
        environment: &Environment,
        connection: &Connection,
        release: Option<ReleaseId>,
        candidate: &Candidate,
        review: &Review,
    ) -> Result<Self> {
        let signing_keys = if review.generates_key { BTreeSet::new() } else { candidate.template.trusted() };
        Ok(Self {
            format: FORMAT,
            environment: environment.name.clone(),
            created_at: Utc::now(),
            created_by: connection.caller.clone(),
            release,
            template_sha256: sha256(candidate.template.without_keys().to_string().as_bytes()),
            functions: candidate.functions.clone(),
            signing_keys,
            review: serde_json::to_value(review)?,
        })
    }

    /// Reads the text of a plan for an environment.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self> {
        let plan: Value = serde_json::from_str(text).context("this is not a plan: it is not JSON")?;
        if plan["format"] != FORMAT {
            bail!("this is not a plan of this version of the tool; make a new one");
        }
        let plan: Self =
            serde_json::from_value(plan).context("this is not a complete plan; make a new one")?;
        if plan.environment != environment.name {
            bail!("this plan is for environment {}, and not for {}", plan.environment, environment.name);
        }
        Ok(plan)
    }

    /// Returns the release to deploy, or `None` if the source is deployed.
    pub fn release(&self) -> Option<&ReleaseId> {
        self.release.as_ref()
    }

    /// Returns an error that names what is different now, if anything.
    pub(crate) fn ensure_current(&self, now: &Self) -> Result<()> {
        let moved = self.moved_parts(now);
        if moved.is_empty() {
            return Ok(());
        }
        bail!(
            "nothing was changed: since the plan was made ({} by {}), this has changed: {}; make and review another \
             plan",
            self.created_at.format("%Y-%m-%d %H:%M:%S UTC"),
            self.created_by,
            moved.join(", ")
        )
    }

    /// Returns the names of the parts that differ.
    fn moved_parts(&self, now: &Self) -> Vec<String> {
        let mut moved = differing_parts(&compared(&self.review), &compared(&now.review));
        let mut compare = |name: &str, differs: bool| {
            if differs {
                moved.insert(name.to_owned());
            }
        };
        compare("release", self.release != now.release);
        compare("template", self.template_sha256 != now.template_sha256);
        compare("functions", self.functions != now.functions);
        compare("signing keys", self.signing_keys != now.signing_keys);
        moved.into_iter().collect()
    }
}

/// Returns the parts of a review that decide what is deployed.
fn compared(review: &Value) -> Value {
    let mut review = review.clone();
    for path in NOT_COMPARED {
        if let Some(part) = review.pointer_mut(path) {
            part.take();
        }
    }
    review
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Plan;

    fn plan(change: impl FnOnce(&mut Value)) -> Plan {
        let mut plan = json!({
            "format": 1, "environment": "dev", "created_at": "2026-11-24T17:18:10Z", "created_by": "arn:bob",
            "release": null, "template_sha256": "a", "functions": {}, "signing_keys": [],
            "review": {
                "template": {"changes": [1]}, "platform_facts": [], "live_resources": {"missing": []},
                "existing": {"conflicts": [], "unchecked": []},
            },
        });
        change(&mut plan);
        let environment = command_line::environment::load("dev").unwrap();
        Plan::parse(&plan.to_string(), &environment).unwrap()
    }

    #[test]
    fn plan_is_current_until_something_that_is_deployed_differs() {
        let reviewed = plan(|_| ());
        let by_another_identity = plan(|plan| {
            plan["created_by"] = json!("arn:ci");
            plan["review"]["existing"]["unchecked"] = json!(["denied"]);
            plan["review"]["live_resources"] = json!({"missing": [], "not_looked_up": 3});
        });
        assert!(reviewed.ensure_current(&by_another_identity).is_ok());

        let moved = plan(|plan| {
            plan["template_sha256"] = json!("b");
            plan["review"]["platform_facts"] = json!(["other"]);
            plan["review"]["existing"]["conflicts"] = json!(["taken"]);
        });
        let error = reviewed.ensure_current(&moved).unwrap_err().to_string();
        assert!(error.contains("2026-11-24 17:18:10 UTC by arn:bob"), "{error}");
        assert!(error.contains("has changed: existing, platform parameters, template;"), "{error}");
    }

    #[test]
    fn file_that_is_no_plan_for_the_environment_is_rejected() {
        let environment = command_line::environment::load("dev").unwrap();
        let error = |text: &str| format!("{:#}", Plan::parse(text, &environment).unwrap_err());
        assert!(error("").starts_with("this is not a plan: it is not JSON"));
        assert!(error("{}").starts_with("this is not a plan of this version"));
        assert!(error(r#"{"format": 1}"#).starts_with("this is not a complete plan"));
        let mut other = serde_json::to_value(plan(|_| ())).unwrap();
        other["environment"] = json!("prod");
        assert_eq!(error(&other.to_string()), "this plan is for environment prod, and not for dev");
    }
}
