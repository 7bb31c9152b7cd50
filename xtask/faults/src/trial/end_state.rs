//! The end state of a dataset, in a form that can be compared between two datasets.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_s3::types::EncodingType;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use local_stack::platform::{DELETE_RECORD_TABLE, STORAGE_BUCKET};
use openapi::ChangelogMessage;
use percent_encoding::percent_decode_str;
use sqlx::Row;

use super::dataset::{Dataset, Package};
use super::{Trial, TrialError};

/// The end state of a dataset.
///
/// Packages are identified by position, even in names that contain node ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndState {
    /// All packages.
    pub packages: Vec<PackageState>,
    /// Storage counter of the dataset.
    pub dataset_storage: i64,
    /// Number of delete markers by object key.
    pub markers: BTreeMap<String, usize>,
    /// Number of versions with data by object key.
    pub data: BTreeMap<String, usize>,
    /// Packages with a delete record.
    pub records: BTreeSet<usize>,
}

/// The end state of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageState {
    /// Name, with `{node_id}` instead of the node id.
    pub name: String,
    /// Its state.
    pub state: String,
    /// Storage counter; 0 if there is none.
    pub storage: i64,
}

/// An event of the changelog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Id of the message that contained the event.
    pub job: String,
    /// Id of the package.
    pub package: i32,
    /// Name of the package after the restore.
    pub name: String,
    /// Previous name, if the restore changed it.
    pub original_name: Option<String>,
}

impl Trial {
    /// Returns the end state of a dataset with these packages.
    pub async fn end_state(&self, dataset: &Dataset, packages: &[Package]) -> Result<EndState, TrialError> {
        let sql = self.sql(
            "SELECT p.name, p.state, COALESCE(s.size, 0) FROM {schema}.packages p
             LEFT JOIN {schema}.package_storage s ON s.package_id = p.id WHERE p.dataset_id = $1 ORDER BY p.id",
        );
        let rows = sqlx::query(sql).bind(dataset.id).fetch_all(&self.database).await?;
        let mut state = EndState::default();
        for (position, row) in rows.iter().enumerate() {
            let name: String = row.try_get(0)?;
            state.packages.push(PackageState {
                name: name.replace(&dataset.node_id(position), "{node_id}"),
                state: row.try_get(1)?,
                storage: row.try_get(2)?,
            });
        }
        let sql = self
            .sql("SELECT COALESCE(sum(size), 0)::bigint FROM {schema}.dataset_storage WHERE dataset_id = $1");
        state.dataset_storage = sqlx::query_scalar(sql).bind(dataset.id).fetch_one(&self.database).await?;
        self.count_versions(dataset, &mut state).await?;
        let with_object = packages.iter().enumerate().filter(|(_, package)| package.object.is_some());
        let positions: Vec<usize> = with_object.map(|(position, _)| position).collect();
        let reads = positions.chunks(100).map(|chunk| self.records_of(dataset, chunk));
        let records: Vec<BTreeSet<usize>> = stream::iter(reads).buffer_unordered(8).try_collect().await?;
        state.records = records.into_iter().flatten().collect();
        Ok(state)
    }

    async fn count_versions(&self, dataset: &Dataset, state: &mut EndState) -> Result<(), TrialError> {
        let prefix = dataset.key("");
        let mut next: Option<(String, Option<String>)> = None;
        loop {
            let (key, version) = next.take().unzip();
            let page = self
                .s3
                .list_object_versions()
                .bucket(STORAGE_BUCKET)
                .prefix(&prefix)
                .encoding_type(EncodingType::Url)
                .set_key_marker(key)
                .set_version_id_marker(version.flatten())
                .send()
                .await
                .map_err(|error| TrialError::aws("ListObjectVersions")(error.into()))?;
            // Keys are form-encoded: a space is `+`.
            let decoded = |key: &str| {
                let key = key.replace('+', " ");
                percent_decode_str(&key).decode_utf8_lossy().into_owned()
            };
            let short = |key: Option<&str>| decoded(key.unwrap_or_default()).replace(&prefix, "");
            for version in page.versions() {
                *state.data.entry(short(version.key())).or_default() += 1;
            }
            for marker in page.delete_markers() {
                *state.markers.entry(short(marker.key())).or_default() += 1;
            }
            match page.next_key_marker().filter(|_| page.is_truncated().unwrap_or(false)) {
                None => return Ok(()),
                Some(key) => {
                    next = Some((decoded(key), page.next_version_id_marker().map(str::to_owned)));
                }
            }
        }
    }

    /// Returns the positions of the packages with a delete record.
    async fn records_of(
        &self,
        dataset: &Dataset,
        positions: &[usize],
    ) -> Result<BTreeSet<usize>, TrialError> {
        let mut keys = KeysAndAttributes::builder().consistent_read(true);
        for position in positions {
            let key = AttributeValue::S(dataset.node_id(*position));
            keys = keys.keys([("NodeId".to_owned(), key)].into());
        }
        let keys = keys.build().map_err(|error| TrialError::aws("BatchGetItem")(error.into()))?;
        let answer = self.dynamodb.batch_get_item().request_items(DELETE_RECORD_TABLE, keys).send().await;
        let answer = answer.map_err(|error| TrialError::aws("BatchGetItem")(error.into()))?;
        let items = answer.responses.unwrap_or_default().remove(DELETE_RECORD_TABLE).unwrap_or_default();
        let by_node_id: BTreeMap<String, usize> =
            positions.iter().map(|position| (dataset.node_id(*position), *position)).collect();
        let node_id = |value: &AttributeValue| by_node_id.get(value.as_s().ok()?).copied();
        Ok(items.iter().filter_map(|item| node_id(item.get("NodeId")?)).collect())
    }

    /// Takes the changelog events that were sent since the last call, in the order received.
    pub async fn take_changelog(&self) -> Result<Vec<Event>, TrialError> {
        let mut events = Vec::new();
        loop {
            let receive =
                self.sqs.receive_message().queue_url(&self.jobs_queue_url).max_number_of_messages(10);
            let answer =
                receive.send().await.map_err(|error| TrialError::aws("ReceiveMessage")(error.into()))?;
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(events);
            }
            for message in messages {
                let body: ChangelogMessage = serde_json::from_str(message.body().unwrap_or_default())
                    .map_err(|error| TrialError::aws("a changelog message")(error.into()))?;
                let job = body.job.id;
                events.extend(body.job.events.into_iter().map(|event| Event {
                    job: job.clone(),
                    package: event.event_detail.id.0,
                    name: event.event_detail.name,
                    original_name: event.event_detail.original_name,
                }));
                let delete = self.sqs.delete_message().queue_url(&self.jobs_queue_url);
                let deleted = delete.set_receipt_handle(message.receipt_handle).send().await;
                deleted.map_err(|error| TrialError::aws("DeleteMessage")(error.into()))?;
            }
        }
    }
}
