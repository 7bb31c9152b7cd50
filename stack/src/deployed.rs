//! The template of a deployed stack, and the same template with other signing keys.
//!
//! A change of keys must change nothing else, whatever has changed in the source since the deployment: a scheduled rotation
//! must not deploy source that has not been deployed yet.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::artifacts::Artifacts;
use crate::cloudformation::{StackError, reference_problems};
use crate::environment::Environment;
use crate::infrastructure::{
    ACTIVE_KEY_VARIABLES, API_FUNCTION, KEY_AGE_ALARM, KEY_GROUP, build, key_resource_fingerprint, watch_keys,
};
use crate::inputs::Inputs;
use crate::signing_key::{Fingerprint, SigningKeys};

const PUBLIC_KEY: &str = "AWS::CloudFront::PublicKey";

/// A template made by [`render`](crate::render), in this or an earlier version of this crate.
#[derive(Clone, Debug)]
pub struct DeployedTemplate(Value);

/// Why a deployed template cannot get other keys.
#[derive(Debug, thiserror::Error)]
pub enum DeployedTemplateError {
    /// It is not JSON.
    #[error("the deployed template is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// A part that depends on keys is missing.
    #[error("the deployed template has no {0}, which this source expects; deploy this source first")]
    Lacks(&'static str),
    /// With the first key more than keys changes: the distribution is enabled, and may read its bucket.
    #[error("keys can only be changed from one active key to another; deploy to add the first one")]
    NoActiveKey,
    /// With the other keys it would refer to something that it does not contain.
    #[error("the deployed template cannot take these keys")]
    Invalid(#[from] StackError),
}

impl From<Value> for DeployedTemplate {
    fn from(template: Value) -> Self {
        Self(template)
    }
}

impl DeployedTemplate {
    /// Parses a template.
    pub fn parse(json: &str) -> Result<Self, DeployedTemplateError> {
        Ok(Self(serde_json::from_str(json)?))
    }

    /// Returns the template as a JSON document.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Returns the template without everything that depends on signing keys: equal for deployments that differ only in
    /// their keys.
    pub fn without_keys(&self) -> Value {
        let mut template = self.0.clone();
        if let Some(resources) = template.pointer_mut("/Resources").and_then(Value::as_object_mut) {
            resources.retain(|id, resource| {
                resource["Type"] != PUBLIC_KEY && ![KEY_GROUP, KEY_AGE_ALARM].contains(&id.as_str())
            });
        }
        if let Some(variables) = template.pointer_mut(&variables_path()).and_then(Value::as_object_mut) {
            variables.retain(|name, _| !ACTIVE_KEY_VARIABLES.contains(&name.as_str()));
        }
        template.sort_all_objects();
        template
    }

    /// Returns the keys in the key group.
    pub fn trusted(&self) -> BTreeSet<Fingerprint> {
        let items = self.0.pointer(&format!("/Resources/{KEY_GROUP}/Properties/KeyGroupConfig/Items"));
        items.and_then(Value::as_array).into_iter().flatten().filter_map(referenced_key).collect()
    }

    /// Returns the key that the API function signs with.
    pub fn active(&self) -> Option<Fingerprint> {
        let [key_id, _] = ACTIVE_KEY_VARIABLES;
        referenced_key(self.0.pointer(&variables_path())?.get(key_id)?)
    }

    /// Returns this template with other keys and without other changes.
    pub fn with_keys(
        &self,
        environment: &Environment,
        keys: &SigningKeys,
    ) -> Result<Value, DeployedTemplateError> {
        if keys.active().is_none() || self.active().is_none() {
            return Err(DeployedTemplateError::NoActiveKey);
        }
        let artifacts = Artifacts::unknown(environment);
        let rendered = build(&Inputs { environment, signing_keys: keys, artifacts: &artifacts }).to_value();
        let mut template = self.0.clone();

        // Only keys are added and removed; everything else stays as it is deployed, whatever the source says.
        let resources = object(&mut template, "/Resources", "resources")?;
        let is_key = |resource: &Value| resource["Type"] == PUBLIC_KEY;
        let wanted = rendered["Resources"].as_object().into_iter().flatten().filter(|(_, it)| is_key(it));
        let wanted: Map<String, Value> = wanted.map(|(id, key)| (id.clone(), key.clone())).collect();
        resources.retain(|id, resource| !is_key(resource) || wanted.contains_key(id));
        for (id, key) in wanted {
            resources.entry(id).or_insert(key);
        }
        let items = format!("{KEY_GROUP}/Properties/KeyGroupConfig/Items");
        let new_items = rendered.pointer(&format!("/Resources/{items}")).cloned().unwrap_or_default();
        *template.pointer_mut(&format!("/Resources/{items}")).ok_or(Self::lacks("key group"))? = new_items;
        if let Some(alarm) = template.pointer_mut(&format!("/Resources/{KEY_AGE_ALARM}"))
            && !watch_keys(alarm, keys)
        {
            return Err(Self::lacks("creation time in its alarm on the age of keys"));
        }

        let variables = object(&mut template, &variables_path(), "API function")?;
        for name in ACTIVE_KEY_VARIABLES {
            let value = rendered.pointer(&variables_path()).map_or(Value::Null, |all| all[name].clone());
            variables.insert(name.to_owned(), value);
        }
        template.sort_all_objects();
        let problems = reference_problems(&template);
        if problems.is_empty() { Ok(template) } else { Err(StackError { problems }.into()) }
    }

    fn lacks(what: &'static str) -> DeployedTemplateError {
        DeployedTemplateError::Lacks(what)
    }
}

fn variables_path() -> String {
    format!("/Resources/{API_FUNCTION}/Properties/Environment/Variables")
}

fn object<'a>(
    template: &'a mut Value,
    path: &str,
    what: &'static str,
) -> Result<&'a mut Map<String, Value>, DeployedTemplateError> {
    let found = template.pointer_mut(path).and_then(Value::as_object_mut);
    found.ok_or(DeployedTemplateError::Lacks(what))
}

/// Returns the key whose resource a `Ref` refers to.
fn referenced_key(reference: &Value) -> Option<Fingerprint> {
    key_resource_fingerprint(reference.get("Ref")?.as_str()?)
}
