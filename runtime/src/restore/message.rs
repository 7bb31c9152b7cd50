//! What is read of a message of the restore queue.

use openapi::{DatasetId, OrganizationId, PackageId, PackageNodeId, UserNodeId};
use serde::Deserialize;
use serde_json::error::Category;

use super::RestoreError;

/// A restore message, without the package's name, parent and type: for those the row decides, so that they may be
/// whatever they like, and a type that we do not know fails nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceivedMessage {
    /// The organization whose schema holds the package.
    pub(super) org_id: OrganizationId,
    /// The package's dataset.
    pub(super) dataset_id: DatasetId,
    /// Who asked for it.
    pub(super) user_id: UserNodeId,
    pub(super) package: ReceivedPackage,
}

/// Which package to restore.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceivedPackage {
    pub(super) id: PackageId,
    pub(super) node_id: PackageNodeId,
}

impl ReceivedMessage {
    /// Read a body. The parser's own error would repeat some of it.
    pub(super) fn parse(body: &str) -> Result<Self, RestoreError> {
        serde_json::from_str(body).map_err(|error| {
            let part = match error.classify() {
                Category::Syntax => "syntax",
                Category::Data => "data",
                Category::Eof | Category::Io => "end",
            };
            RestoreError::NoMessage { part, line: error.line(), column: error.column() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ReceivedMessage;

    #[test]
    fn the_row_decides_on_name_parent_and_type() {
        for described in ["", r#","type":99"#, r#","type":"Image","name":null,"parentId":"x""#] {
            let body = format!(
                r#"{{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{{"id":107,"nodeId":"N:package:1"{described}}}}}"#
            );
            assert_eq!(ReceivedMessage::parse(&body).unwrap().package.id.0, 107, "{described}");
        }
    }

    #[test]
    fn a_body_that_is_no_message_is_not_repeated() {
        let error = ReceivedMessage::parse(r#"{"orgId":"secret"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the body is no restore message: wrong data at line 1, column 17");
    }
}
