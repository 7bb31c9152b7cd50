//! Restore messages as they are received.

use serde::Deserialize;
use serde_json::error::Category;

use crate::ids::{DatasetId, OrganizationId, PackageId, PackageNodeId, UserNodeId};

/// The part of a restore message that is read.
///
/// The row of the package decides its name, parent and type, so these fields can contain anything or be
/// missing. An unknown type number is not an error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedRestoreMessage {
    /// The organization of the package.
    pub org_id: OrganizationId,
    /// The dataset of the package.
    pub dataset_id: DatasetId,
    /// The user who requested the restore.
    pub user_id: UserNodeId,
    /// The package to restore.
    pub package: ReceivedPackage,
}

/// The package of a [`ReceivedRestoreMessage`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedPackage {
    /// The id of the package.
    pub id: PackageId,
    /// The node id of the package.
    pub node_id: PackageNodeId,
}

/// A body is not a restore message. The error repeats nothing of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a restore message: wrong {part} at line {line}, column {column}")]
pub struct MalformedMessage {
    part: &'static str,
    line: usize,
    column: usize,
}

impl ReceivedRestoreMessage {
    /// Parses the body of a message.
    pub fn parse(body: &str) -> Result<Self, MalformedMessage> {
        serde_json::from_str(body).map_err(|error| {
            // The text of the parser would repeat part of the body.
            let part = match error.classify() {
                Category::Syntax => "syntax",
                Category::Data => "data",
                Category::Eof | Category::Io => "end",
            };
            MalformedMessage { part, line: error.line(), column: error.column() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ReceivedRestoreMessage;

    #[test]
    fn name_parent_and_type_can_be_anything() {
        for described in ["", r#","type":99"#, r#","type":"Image","name":null,"parentId":"x""#] {
            let body = format!(
                r#"{{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{{"id":107,"nodeId":"N:package:1"{described}}}}}"#
            );
            assert_eq!(ReceivedRestoreMessage::parse(&body).unwrap().package.id.0, 107, "{described}");
        }
    }

    #[test]
    fn error_does_not_repeat_the_body() {
        let error = ReceivedRestoreMessage::parse(r#"{"orgId":"secret"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the body is not a restore message: wrong data at line 1, column 17");
    }
}
