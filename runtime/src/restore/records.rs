//! Delete records: what the platform notes in DynamoDB for each file that it deletes.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, KeysAndAttributes, TransactWriteItem,
};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::RestoreError;
use crate::platform::backoff::back_off;

/// The most keys of one `BatchGetItem`, and the most actions of one `TransactWriteItems`:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>.
const KEYS_A_READ: usize = 100;
const REMOVALS_A_TRANSACTION: usize = 100;
const CALLS_IN_FLIGHT: usize = 16;
const ATTEMPTS: u32 = 8;

/// More than S3 takes for one object, which is about 50 TB: what is above is no size.
const MAXIMUM_OBJECT_SIZE: i64 = 1 << 46;

const NODE_ID: &str = "NodeId";
const BUCKET: &str = "S3Bucket";
const KEY: &str = "S3Key";
const VERSION: &str = "S3ObjectVersion";

/// Holds for the record that was read, and where there is none any more. A later deletion writes a record of another
/// version under the same key; that one must stay.
const IS_THE_RECORD_THAT_WAS_READ: &str =
    "attribute_not_exists(NodeId) OR (S3Bucket = :bucket AND S3Key = :key AND S3ObjectVersion = :version)";

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

    /// Removes these records, each only while it is the record that was read. One that is gone already is fine.
    pub(super) async fn remove(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let chunks = records.chunks(REMOVALS_A_TRANSACTION).map(|chunk| self.remove_chunk(chunk));
        stream::iter(chunks).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await
    }

    /// A `BatchWriteItem` takes no conditions. A transaction does, and is cancelled as a whole when one of them fails, so
    /// the records that were replaced are left out and the others are sent again.
    async fn remove_chunk(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let mut open = records.to_vec();
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            open = self.remove_together(open).await?;
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(RestoreError::Throttled("TransactWriteItems"))
    }

    /// Removes these records in one transaction, and returns those that remain to be removed.
    async fn remove_together<'a>(
        &self,
        records: Vec<&'a DeleteRecord>,
    ) -> Result<Vec<&'a DeleteRecord>, RestoreError> {
        let removals: Result<Vec<_>, _> = records.iter().map(|record| self.removal(record)).collect();
        let Err(error) = self.client.transact_write_items().set_transact_items(Some(removals?)).send().await
        else {
            return Ok(Vec::new());
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                remaining(&records, cancelled.cancellation_reasons())
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(records),
            _ => Err(RestoreError::aws("TransactWriteItems", &error)),
        }
    }

    fn removal(&self, record: &DeleteRecord) -> Result<TransactWriteItem, RestoreError> {
        let Version { bucket, key, id } = &record.version;
        let value = |text: &String| AttributeValue::S(text.clone());
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(&record.node_id)))
            .condition_expression(IS_THE_RECORD_THAT_WAS_READ)
            .expression_attribute_values(":bucket", value(bucket))
            .expression_attribute_values(":key", value(key))
            .expression_attribute_values(":version", value(id))
            .build()
            .map_err(|error| RestoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// The records of a cancelled transaction that remain to be removed. There is one reason for each action, in order:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
fn remaining<'a>(
    records: &[&'a DeleteRecord],
    reasons: &[CancellationReason],
) -> Result<Vec<&'a DeleteRecord>, RestoreError> {
    let failed = |reason: &str| RestoreError::Aws(format!("TransactWriteItems was cancelled: {reason}"));
    if reasons.len() != records.len() {
        return Err(failed("its reasons do not fit its actions"));
    }
    let mut remaining = Vec::new();
    for (record, reason) in records.iter().zip(reasons) {
        match reason.code().unwrap_or("None") {
            "ConditionalCheckFailed" => {
                tracing::info!(
                    node_id = record.node_id,
                    "delete record was replaced by a later deletion; it stays"
                );
            }
            "None" | "TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError" => {
                remaining.push(*record);
            }
            reason => return Err(failed(reason)),
        }
    }
    Ok(remaining)
}

fn key_of(node_id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([(NODE_ID.to_owned(), AttributeValue::S(node_id.to_owned()))])
}

fn reading_of(item: &HashMap<String, AttributeValue>) -> Option<(String, RecordReading)> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let node_id = text(NODE_ID)?;
    let version = (|| Some(Version { bucket: text(BUCKET)?, key: text(KEY)?, id: text(VERSION)? }))();
    let Some(version) = version else { return Some((node_id, RecordReading::Malformed)) };
    // The size is text, and may be blank; it counts only where no source file has a size.
    let object_size = match item.get("ObjectSize") {
        Some(AttributeValue::S(size) | AttributeValue::N(size)) => size.parse().ok(),
        _ => None,
    };
    let object_size = object_size.filter(|size| (0..=MAXIMUM_OBJECT_SIZE).contains(size)).unwrap_or(0);
    Some((node_id.clone(), RecordReading::Whole(DeleteRecord { node_id, version, object_size })))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};

    use super::{
        BUCKET, DeleteRecord, DeleteRecords, IS_THE_RECORD_THAT_WAS_READ, KEY, NODE_ID, RecordReading,
        VERSION, Version, key_of, reading_of, remaining,
    };

    fn reading(size: &str, without: &str) -> RecordReading {
        let attributes =
            [(NODE_ID, "N:package:1"), (BUCKET, "b"), (KEY, "k"), (VERSION, "v"), ("ObjectSize", size)];
        let item: HashMap<_, _> = attributes
            .into_iter()
            .filter(|(name, _)| *name != without)
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
            .collect();
        reading_of(&item).unwrap().1
    }

    fn record(node_id: &str) -> DeleteRecord {
        let version = Version { bucket: "b".to_owned(), key: "k".to_owned(), id: "v".to_owned() };
        DeleteRecord { node_id: node_id.to_owned(), version, object_size: 0 }
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
        for missing in [BUCKET, KEY, VERSION] {
            assert!(matches!(reading("1", missing), RecordReading::Malformed), "{missing}");
        }
    }

    #[test]
    fn only_the_record_that_was_read_is_removed() {
        let configuration = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(configuration);
        let records = DeleteRecords::new(client, "table".to_owned());
        let removal = records.removal(&record("N:package:1")).unwrap();
        let delete = removal.delete().unwrap();
        assert_eq!(delete.key(), &key_of("N:package:1"));
        assert_eq!(delete.condition_expression(), Some(IS_THE_RECORD_THAT_WAS_READ));
        let values = delete.expression_attribute_values().unwrap();
        for (name, value) in [(":bucket", "b"), (":key", "k"), (":version", "v")] {
            assert_eq!(values[name], AttributeValue::S(value.to_owned()), "{name}");
        }
    }

    #[test]
    fn cancelled_transaction_is_sent_again_without_the_replaced_records() {
        let records = ["replaced", "none", "conflict", "throttled"].map(record);
        let records: Vec<&DeleteRecord> = records.iter().collect();
        let reason = |code: &str| CancellationReason::builder().code(code).build();
        let reasons =
            ["ConditionalCheckFailed", "None", "TransactionConflict", "ThrottlingError"].map(reason);
        let left = remaining(&records, &reasons).unwrap();
        let left: Vec<&str> = left.iter().map(|record| record.node_id.as_str()).collect();
        assert_eq!(left, ["none", "conflict", "throttled"]);

        assert!(remaining(&records, &reasons[1..]).is_err(), "a reason is missing");
        let unknown = ["None", "None", "None", "ValidationError"].map(reason);
        assert!(remaining(&records, &unknown).is_err());
    }
}
