//! Delete records: what the platform notes in DynamoDB for each file that it deletes.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::RestoreError;
use super::retry::back_off;

/// The most keys of one `BatchGetItem`, and the most requests of one `BatchWriteItem`:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>.
const KEYS_A_READ: usize = 100;
const REQUESTS_A_WRITE: usize = 25;
const CALLS_IN_FLIGHT: usize = 16;
const ATTEMPTS: u32 = 8;

/// More than S3 takes for one object, which is about 50 TB: what is above is no size.
const MAXIMUM_OBJECT_SIZE: i64 = 1 << 46;

const NODE_ID: &str = "NodeId";

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) id: String,
}

/// A delete record.
#[derive(Clone, Debug)]
pub(super) struct DeleteRecord {
    pub(super) node_id: String,
    /// The delete marker.
    pub(super) version: Version,
    /// The object's size in bytes; 0 where the record does not tell.
    pub(super) object_size: i64,
}

/// What was found under a node id.
pub(super) enum RecordReading {
    /// A record that names a version.
    Whole(DeleteRecord),
    /// A record that does not.
    Malformed,
}

/// The table of the delete records.
pub(super) struct DeleteRecords {
    client: Client,
    table: String,
}

impl DeleteRecords {
    pub(super) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Read the records of these node ids; those without one are not in the answer. The read is consistent: a record that
    /// was written a moment ago and seems not to be there would leave its package deleted.
    pub(super) async fn read(
        &self,
        node_ids: &[&str],
    ) -> Result<HashMap<String, RecordReading>, RestoreError> {
        // DynamoDB refuses a whole call for one blank key.
        let node_ids: Vec<&str> = node_ids.iter().copied().filter(|node_id| !node_id.is_empty()).collect();
        let chunks = node_ids.chunks(KEYS_A_READ).map(|chunk| self.read_chunk(chunk));
        let chunks: Vec<Vec<(String, RecordReading)>> =
            stream::iter(chunks).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    async fn read_chunk(&self, node_ids: &[&str]) -> Result<Vec<(String, RecordReading)>, RestoreError> {
        let incomplete = |error| RestoreError::incomplete(&error);
        let mut wanted = KeysAndAttributes::builder().consistent_read(true);
        for node_id in node_ids {
            wanted = wanted.keys(key_of(node_id));
        }
        let mut wanted = Some(HashMap::from([(self.table.clone(), wanted.build().map_err(incomplete)?)]));
        let mut readings = Vec::new();
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let answer = self.client.batch_get_item().set_request_items(wanted.take()).send().await;
            let answer = answer.map_err(|error| RestoreError::aws("BatchGetItem", &error))?;
            let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
            readings.extend(items.iter().filter_map(reading_of));
            // DynamoDB answers what it can, and hands the rest back.
            match answer.unprocessed_keys.filter(|keys| !keys.is_empty()) {
                None => return Ok(readings),
                rest => wanted = rest,
            }
        }
        Err(RestoreError::Throttled("BatchGetItem"))
    }

    /// Remove these records; one that is gone already is fine.
    pub(super) async fn remove(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let chunks = records.chunks(REQUESTS_A_WRITE).map(|chunk| self.remove_chunk(chunk));
        stream::iter(chunks).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await
    }

    async fn remove_chunk(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let mut requests = Vec::with_capacity(records.len());
        for record in records {
            let delete = DeleteRequest::builder().set_key(Some(key_of(&record.node_id))).build();
            let delete = delete.map_err(|error| RestoreError::incomplete(&error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let mut open = Some(HashMap::from([(self.table.clone(), requests)]));
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let answer = self.client.batch_write_item().set_request_items(open.take()).send().await;
            let answer = answer.map_err(|error| RestoreError::aws("BatchWriteItem", &error))?;
            match answer.unprocessed_items.filter(|requests| !requests.is_empty()) {
                None => return Ok(()),
                rest => open = rest,
            }
        }
        Err(RestoreError::Throttled("BatchWriteItem"))
    }
}

fn key_of(node_id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([(NODE_ID.to_owned(), AttributeValue::S(node_id.to_owned()))])
}

fn reading_of(item: &HashMap<String, AttributeValue>) -> Option<(String, RecordReading)> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let node_id = text(NODE_ID)?;
    let version =
        (|| Some(Version { bucket: text("S3Bucket")?, key: text("S3Key")?, id: text("S3ObjectVersion")? }))();
    let Some(version) = version else { return Some((node_id, RecordReading::Malformed)) };
    // The size is text, and may be blank; it counts only where no source file has a size.
    let object_size = text("ObjectSize")
        .and_then(|size| size.parse().ok())
        .filter(|size| (0..=MAXIMUM_OBJECT_SIZE).contains(size));
    let object_size = object_size.unwrap_or(0);
    Some((node_id.clone(), RecordReading::Whole(DeleteRecord { node_id, version, object_size })))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::{RecordReading, reading_of};

    fn reading(size: &str, without: &str) -> RecordReading {
        let attributes = [
            ("NodeId", "N:package:1"),
            ("S3Bucket", "b"),
            ("S3Key", "k"),
            ("S3ObjectVersion", "v"),
            ("ObjectSize", size),
        ];
        let item: HashMap<_, _> = attributes
            .into_iter()
            .filter(|(name, _)| *name != without)
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
            .collect();
        reading_of(&item).unwrap().1
    }

    #[test]
    fn a_size_that_is_no_number_counts_as_none() {
        for (text, expected) in [("12", 12), ("", 0), ("many", 0), ("-5", 0), ("9223372036854775807", 0)] {
            assert!(
                matches!(reading(text, ""), RecordReading::Whole(record) if record.object_size == expected)
            );
        }
    }

    #[test]
    fn a_record_that_names_no_version_is_malformed() {
        for missing in ["S3Bucket", "S3Key", "S3ObjectVersion"] {
            assert!(matches!(reading("1", missing), RecordReading::Malformed), "{missing}");
        }
    }
}
