//! Puts back single properties of resources.
//!
//! Cloud Control changes a resource as CloudFormation does, with the handler of its type. AWS advises against this for
//! resources of a stack, because CloudFormation does not learn of the new values:
//! <https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-update.html>. Here, the new
//! values are those that CloudFormation already has.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::report::Drifted;
use crate::cloud_control;
use crate::connection::Connection;
use crate::live_resources::Identifiers;

/// The change of a resource that puts back its properties.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PropertyRepair {
    logical_id: String,
    kind: String,
    identifier: String,
    properties: BTreeSet<String>,
    patch: Value,
}

impl PropertyRepair {
    /// Returns the change for a resource, or `None` if it was deleted or cannot be identified in Cloud Control.
    pub(super) fn new(drifted: &Drifted, identifiers: &Identifiers) -> Option<Self> {
        let identifier = identifiers.get(&drifted.logical_id)?;
        // A whole property at a time: the positions in a list are those of the deployed value or of the current one.
        let properties: BTreeSet<String> = drifted
            .differences
            .iter()
            .filter_map(|it| it.path.split('/').nth(1))
            .map(str::to_owned)
            .collect();
        if properties.is_empty() {
            return None;
        }
        let operations = properties.iter().map(|property| {
            let path = format!("/{property}");
            match drifted.expected.get(property) {
                // `add` replaces a value that is there: https://datatracker.ietf.org/doc/html/rfc6902#section-4.1
                Some(value) => json!({ "op": "add", "path": path, "value": value }),
                None => json!({ "op": "remove", "path": path }),
            }
        });
        let patch = operations.collect();
        Some(Self {
            logical_id: drifted.logical_id.clone(),
            kind: drifted.kind.clone(),
            identifier: identifier.clone(),
            properties,
            patch,
        })
    }

    /// Describes the change on one line.
    pub(super) fn to_text(&self) -> String {
        let properties: Vec<&str> = self.properties.iter().map(String::as_str).collect();
        format!("{} ({}): {}", self.logical_id, self.kind, properties.join(", "))
    }

    /// Makes the change.
    pub(super) async fn apply(&self, connection: &Connection) -> Result<()> {
        let client = connection.cloud_control();
        cloud_control::update(&client, &self.kind, &self.identifier, &self.patch).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Drifted, PropertyRepair};
    use crate::drift::Difference;
    use crate::live_resources::Identifiers;

    fn drifted(paths: &[&str]) -> Drifted {
        let difference = |path: &&str| Difference {
            path: (*path).to_owned(),
            expected: None,
            actual: Some("1".to_owned()),
        };
        Drifted {
            logical_id: "Function".to_owned(),
            kind: "AWS::Lambda::Function".to_owned(),
            physical_id: "dev-api".to_owned(),
            status: "MODIFIED".to_owned(),
            differences: paths.iter().map(difference).collect(),
            expected: json!({ "MemorySize": 256, "Tags": [{ "Key": "a", "Value": "b" }] }),
        }
    }

    #[test]
    fn whole_properties_are_put_back_and_additional_ones_removed() {
        let identifiers = Identifiers::from([("Function".to_owned(), "dev-api".to_owned())]);
        let paths = ["/Tags/1/Value", "/MemorySize", "/Tags/0", "/KmsKeyArn"];
        let repair = PropertyRepair::new(&drifted(&paths), &identifiers).unwrap();
        assert_eq!(repair.to_text(), "Function (AWS::Lambda::Function): KmsKeyArn, MemorySize, Tags");
        assert_eq!(
            repair.patch,
            json!([
                { "op": "remove", "path": "/KmsKeyArn" },
                { "op": "add", "path": "/MemorySize", "value": 256 },
                { "op": "add", "path": "/Tags", "value": [{ "Key": "a", "Value": "b" }] },
            ])
        );
        // Deleted resources and those without an identifier are left.
        assert_eq!(PropertyRepair::new(&drifted(&[]), &identifiers), None);
        assert_eq!(PropertyRepair::new(&drifted(&paths), &Identifiers::new()), None);
    }
}
