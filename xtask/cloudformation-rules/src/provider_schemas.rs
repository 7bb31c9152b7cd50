//! The resource provider schemas of a region.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::error::SchemaError;
use crate::resource_schema::{Handler, ResourceSchema};

/// The resource provider schemas of a region.
///
/// A schema is read when its type is first asked for: there are far more types than any template has.
#[derive(Debug)]
pub struct ProviderSchemas {
    region: String,
    types: BTreeMap<String, LazySchema>,
}

#[derive(Debug)]
struct LazySchema {
    path: PathBuf,
    schema: OnceLock<ResourceSchema>,
}

impl ProviderSchemas {
    /// Reads which types a region has.
    ///
    /// The directory is `cfnlint/data/schemas` of an installed cfn-lint, with `providers/REGION.json` and `resources/`.
    pub fn load(directory: &Path, region: &str) -> Result<Self, SchemaError> {
        let path = directory.join("providers").join(format!("{region}.json"));
        let hashes: BTreeMap<String, String> =
            serde_json::from_value(read(&path)?).map_err(|source| SchemaError::Malformed { path, source })?;
        let resources = directory.join("resources");
        let types = hashes
            .into_iter()
            .map(|(name, hash)| {
                let path = resources.join(format!("{hash}.json"));
                (name, LazySchema { path, schema: OnceLock::new() })
            })
            .collect();
        Ok(Self { region: region.to_owned(), types })
    }

    /// Returns the IAM actions that CloudFormation needs for an operation on a resource.
    ///
    /// None if the region does not have the type, or the type does not have the operation.
    pub fn handler_permissions(
        &self,
        resource_type: &str,
        handler: Handler,
    ) -> Result<Option<&[String]>, SchemaError> {
        Ok(self.schema(resource_type)?.and_then(|schema| schema.permissions(handler)))
    }

    /// Returns the schema of a type; none if the region does not have the type.
    pub(crate) fn schema(&self, resource_type: &str) -> Result<Option<&ResourceSchema>, SchemaError> {
        let Some(lazy) = self.types.get(resource_type) else { return Ok(None) };
        if let Some(schema) = lazy.schema.get() {
            return Ok(Some(schema));
        }
        let schema = ResourceSchema::from_json(read(&lazy.path)?)
            .map_err(|source| SchemaError::Malformed { path: lazy.path.clone(), source })?;
        Ok(Some(lazy.schema.get_or_init(|| schema)))
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }
}

fn read(path: &Path) -> Result<Value, SchemaError> {
    let text = fs::read_to_string(path)
        .map_err(|source| SchemaError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| SchemaError::Malformed { path: path.to_owned(), source })
}
