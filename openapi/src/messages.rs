//! Requests, responses and queue messages, exactly as they travel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DatasetId, OrganizationId, PackageId, PackageNodeId, UserNodeId};
use crate::package_type::PackageType;

/// The body of every error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What was wrong, for people. A 500 says nothing of the inside.
    pub message: String,
    /// The request id; the log has the cause under the same id.
    pub error_id: String,
}

/// Which packages and folders to restore.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreRequest {
    /// Node ids of deleted packages and folders of the dataset; at most 10,000.
    #[schemars(length(max = 10_000))]
    pub node_ids: Vec<String>,
}

impl RestoreRequest {
    /// The most ids that one request may name.
    pub const MAXIMUM_IDS: usize = 10_000;
}

/// What became of each id. Both lists are always there, in the order asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RestoreResponse {
    /// Packages that are being restored now.
    pub success: Vec<String>,
    /// Packages that cannot be restored, each with the reason.
    pub failures: Vec<RestoreFailure>,
}

/// One package that cannot be restored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RestoreFailure {
    /// The id as it was asked for, byte for byte.
    pub id: String,
    /// Why not.
    pub error: String,
}

/// A presigned S3 URL.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PresignedObject {
    /// The URL; whoever holds it may read the object until it expires.
    pub presigned_url: String,
    /// When the URL expires, in Unix seconds.
    pub expires_at: i64,
}

/// How long a signed CDN URL, or a signed policy, opens what it signs.
pub const SIGNED_URL_LIFETIME_SECONDS: u32 = 3600;

/// A CloudFront URL of one file, signed with a canned policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedFile {
    /// The URL; it works as it is.
    pub signed_url: String,
    /// When the URL expires, in Unix seconds.
    pub expires_at: i64,
}

/// A custom policy over all assets of one package.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedPackage {
    /// What the paths of the assets are appended to; ends with a slash.
    pub base_url: String,
    /// Value of the query parameter `Policy`.
    pub policy: String,
    /// Value of the query parameter `Signature`.
    pub signature: String,
    /// Value of the query parameter `Key-Pair-Id`.
    pub key_pair_id: String,
    /// Value of the query parameter `Hash-Algorithm`; SHA1 is also what its absence means.
    pub hash_algorithm: HashAlgorithm,
    /// The resource that the policy names, with its wildcard.
    pub resource: String,
    /// When the policy expires, in Unix seconds.
    pub expires_at: i64,
    /// The URL of the asset named by `path`, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_url: Option<String>,
}

/// The hash that a CloudFront signature is made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HashAlgorithm {
    /// What every CloudFront edge understands, and what is meant where nothing is said.
    #[serde(rename = "SHA1")]
    Sha1,
    /// Needs `Hash-Algorithm=SHA256` in the URL.
    #[serde(rename = "SHA256")]
    Sha256,
}

impl HashAlgorithm {
    /// Its name in messages, URLs and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }
}

/// One message of the restore queue: restore this package. What is read of one is a
/// [`ReceivedRestoreMessage`](crate::ReceivedRestoreMessage).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreMessage {
    /// The organization whose schema holds the package.
    pub org_id: OrganizationId,
    /// The package's dataset.
    pub dataset_id: DatasetId,
    /// Who asked for it; the changelog names this user.
    pub user_id: UserNodeId,
    /// The package as it was when it was asked for.
    pub package: RestoreMessagePackage,
}

/// The package of a [`RestoreMessage`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreMessagePackage {
    /// The package's id.
    pub id: PackageId,
    /// The package's node id.
    pub node_id: PackageNodeId,
    /// Its name, with the prefix of a deleted package.
    pub name: String,
    /// Its folder; none at the root of the dataset.
    pub parent_id: Option<PackageId>,
    /// Its type, as a number.
    #[serde(rename = "type")]
    pub package_type: PackageType,
}

/// One message of the jobs queue: add these events to the dataset's changelog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangelogMessage {
    /// The job; the key names the class that the consumer decodes.
    #[serde(rename = "DatasetChangelogEventJob")]
    pub job: ChangelogJob,
}

/// The job of a [`ChangelogMessage`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangelogJob {
    /// The dataset's organization.
    pub organization_id: OrganizationId,
    /// The dataset.
    pub dataset_id: DatasetId,
    /// Who did it, by node id.
    pub user_id: UserNodeId,
    /// What was done.
    pub events: Vec<ChangelogEvent>,
    /// A UUID; the same on redelivery.
    pub trace_id: String,
    /// A UUID; the same on redelivery.
    pub id: String,
}

/// One event of the changelog.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangelogEvent {
    /// `RESTORE_PACKAGE`.
    pub event_type: String,
    /// The package.
    pub event_detail: ChangelogEventDetail,
    /// When, RFC 3339 with a zone.
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
    /// The package's id.
    pub id: PackageId,
    /// The name it has now.
    pub name: String,
    /// The name it had before it was deleted, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// The package's node id.
    pub node_id: PackageNodeId,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RestoreMessage;

    #[test]
    fn a_restore_message_travels_exactly_as_the_older_service_sent_it() {
        let text = r#"{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{"id":107,"nodeId":"N:package:1","name":"__DELETED__N:package:1_a.csv","parentId":null,"type":6}}"#;
        let message: RestoreMessage = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        assert!(serde_json::from_value::<RestoreMessage>(json!({"orgId": "2"})).is_err());
    }
}
