//! Requests, responses and queue messages, exactly as they are sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DatasetId, OrganizationId, PackageId, PackageNodeId, UserNodeId};
use crate::package_type::PackageType;

/// The body of an error of this service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What is wrong, for people. The message of a 500 contains no internals.
    pub message: String,
    /// The request id. The log has the cause under the same id.
    pub error_id: String,
}

/// The body of an error of the gateway in front of this service.
///
/// Its id is in the header `apigw-requestid`.
#[derive(JsonSchema)]
#[schemars(extend("not" = { "properties": { "errorId": {} }, "required": ["errorId"] }))]
#[expect(dead_code, reason = "the gateway sends it; only its schema is used")]
pub(crate) struct GatewayErrorBody {
    /// What is wrong, for people.
    message: String,
}

/// The packages and folders to restore.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreRequest {
    /// Node ids of deleted packages and folders of the dataset, at most 10,000.
    #[schemars(length(max = 10_000))]
    pub node_ids: Vec<String>,
}

impl RestoreRequest {
    /// The maximum number of ids in a request.
    pub const MAXIMUM_IDS: usize = 10_000;
}

/// The result for each id.
///
/// Both lists are always present, in the order of the request.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RestoreResponse {
    /// Packages that are being restored.
    pub success: Vec<String>,
    /// Packages that cannot be restored, each with the reason.
    pub failures: Vec<RestoreFailure>,
}

/// One package that cannot be restored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RestoreFailure {
    /// The id, exactly as in the request.
    pub id: String,
    /// The reason.
    pub error: String,
}

/// A presigned S3 URL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PresignedObject {
    /// The URL. Anyone who has it can read the object until it expires.
    pub presigned_url: String,
    /// When the URL expires, in Unix seconds.
    pub expires_at: i64,
}

/// The lifetime of a signed CDN URL or policy.
pub const SIGNED_URL_LIFETIME_SECONDS: u32 = 3600;

/// A CloudFront URL of one file, signed with a canned policy.
///
/// It has no `policy`, which tells it from the response to `scope=package`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("not" = { "properties": { "policy": {} }, "required": ["policy"] }))]
pub struct SignedFile {
    /// The URL, ready to use.
    pub signed_url: String,
    /// When the URL expires, in Unix seconds.
    pub expires_at: i64,
}

/// A custom policy for all assets of a package.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedPackage {
    /// The URL that the paths of assets are appended to. It ends with a slash.
    pub base_url: String,
    /// The value of the query parameter `Policy`.
    pub policy: String,
    /// The value of the query parameter `Signature`.
    pub signature: String,
    /// The value of the query parameter `Key-Pair-Id`.
    pub key_pair_id: String,
    /// The value of the query parameter `Hash-Algorithm`, which defaults to SHA1.
    pub hash_algorithm: HashAlgorithm,
    /// The resource of the policy, with its wildcard.
    pub resource: String,
    /// When the policy expires, in Unix seconds.
    pub expires_at: i64,
    /// The URL of the asset in `path`, if the request has a `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub signed_url: Option<String>,
}

/// The hash of a CloudFront signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HashAlgorithm {
    /// The default of CloudFront.
    #[serde(rename = "SHA1")]
    Sha1,
    /// Requires `Hash-Algorithm=SHA256` in the URL.
    #[serde(rename = "SHA256")]
    Sha256,
}

impl HashAlgorithm {
    /// Returns the name in messages, URLs and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// Returns the algorithm with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256].into_iter().find(|hash| hash.name() == name)
    }
}

/// A message of the restore queue: restore this package.
///
/// The restore function reads a [`ReceivedRestoreMessage`](crate::ReceivedRestoreMessage).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreMessage {
    /// The organization of the package.
    pub org_id: OrganizationId,
    /// The dataset of the package.
    pub dataset_id: DatasetId,
    /// The user who requested the restore, named in the changelog.
    pub user_id: UserNodeId,
    /// The package at the time of the request.
    pub package: RestoreMessagePackage,
}

/// The package of a [`RestoreMessage`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreMessagePackage {
    /// The id of the package.
    pub id: PackageId,
    /// The node id of the package.
    pub node_id: PackageNodeId,
    /// The name, with the prefix of a deleted package.
    pub name: String,
    /// The folder, or `None` at the root of the dataset.
    pub parent_id: Option<PackageId>,
    /// The type, as a number.
    #[serde(rename = "type")]
    pub package_type: PackageType,
}

/// A message of the jobs queue: add these events to the changelog of the dataset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangelogMessage {
    /// The job. Its key names the class that the consumer decodes.
    #[serde(rename = "DatasetChangelogEventJob")]
    pub job: ChangelogJob,
}

/// The job of a [`ChangelogMessage`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangelogJob {
    /// The organization of the dataset.
    pub organization_id: OrganizationId,
    /// The dataset.
    pub dataset_id: DatasetId,
    /// The node id of the user who requested the restore.
    pub user_id: UserNodeId,
    /// The events.
    pub events: Vec<ChangelogEvent>,
    /// A UUID, the same on redelivery.
    pub trace_id: String,
    /// A UUID, the same on redelivery.
    pub id: String,
}

/// An event of the changelog.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangelogEvent {
    /// `RESTORE_PACKAGE`.
    pub event_type: String,
    /// The package.
    pub event_detail: ChangelogEventDetail,
    /// The time in RFC 3339, with a time zone.
    pub timestamp: String,
}

impl ChangelogEvent {
    /// The type of the events that this service writes.
    pub const RESTORE_PACKAGE: &'static str = "RESTORE_PACKAGE";
}

/// The package of a [`ChangelogEvent`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangelogEventDetail {
    /// The id of the package.
    pub id: PackageId,
    /// The restored name.
    pub name: String,
    /// The name before the deletion, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// The node id of the package.
    pub node_id: PackageNodeId,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RestoreMessage;

    #[test]
    fn restore_message_is_exactly_that_of_the_older_service() {
        let text = r#"{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{"id":107,"nodeId":"N:package:1","name":"__DELETED__N:package:1_a.csv","parentId":null,"type":6}}"#;
        let message: RestoreMessage = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert!(serde_json::from_value::<RestoreMessage>(json!({"orgId": "2"})).is_err());
    }
}
