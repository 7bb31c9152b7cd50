//! Delete records.
//!
//! The platform writes one to DynamoDB for each file that it deletes.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, KeysAndAttributes, TransactWriteItem,
};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::error::RestoreError;
use crate::platform::backoff::back_off;

/// The maximum sizes of a `BatchGetItem` and of a `TransactWriteItems`.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>.
const KEYS_PER_READ: usize = 100;
const REMOVALS_PER_TRANSACTION: usize = 100;
const CALLS_IN_FLIGHT: usize = 16;
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// More than the maximum size of an object in S3, which is about 50 TB.
///
/// A larger number is not a size.
const MAXIMUM_OBJECT_SIZE: i64 = 1 << 46;

pub(super) const NODE_ID: &str = "NodeId";
pub(super) const BUCKET: &str = "S3Bucket";
pub(super) const KEY: &str = "S3Key";
pub(super) const VERSION: &str = "S3ObjectVersion";

/// The condition of a removal: the record is unchanged or does not exist.
///
/// A later deletion writes a record with another version under the same key, which must stay.
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
    /// The size of the object in bytes, or 0 if the record does not have it.
    pub(super) object_size: i64,
}

/// The record of a node id.
pub(super) enum RecordReading {
    /// A record that names a version.
    Whole(DeleteRecord),
    /// A record that names no version.
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

    /// Reads the records of these node ids.
    ///
    /// The result does not contain node ids without a record.
    ///
    /// The read is consistent, because a package stays deleted if its record, written a moment ago, is not
    /// found.
    pub(super) async fn read(
        &self,
        node_ids: &[&str],
    ) -> Result<HashMap<String, RecordReading>, RestoreError> {
        // DynamoDB rejects the whole call if one key is blank.
        let node_ids: Vec<&str> = node_ids.iter().copied().filter(|node_id| !node_id.is_empty()).collect();
        let chunks = node_ids.chunks(KEYS_PER_READ).map(|chunk| self.read_chunk(chunk));
        let chunks: Vec<Vec<(String, RecordReading)>> =
            stream::iter(chunks).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    async fn read_chunk(&self, node_ids: &[&str]) -> Result<Vec<(String, RecordReading)>, RestoreError> {
        let mut wanted = KeysAndAttributes::builder().consistent_read(true);
        for node_id in node_ids {
            wanted = wanted.keys(key_of(node_id));
        }
        let mut wanted = Some(HashMap::from([(self.table.clone(), wanted.build()?)]));
        let mut readings = Vec::new();
        for attempt in 0..ATTEMPTS {
            back_off(FIRST_PAUSE, attempt).await;
            let response = self.client.batch_get_item().set_request_items(wanted.take()).send().await;
            let response = response.map_err(|error| RestoreError::from_call("BatchGetItem", &error))?;
            let items = response.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
            readings.extend(items.iter().filter_map(reading_of));
            // DynamoDB returns the keys that it did not process.
            match response.unprocessed_keys.filter(|keys| !keys.is_empty()) {
                None => return Ok(readings),
                rest => wanted = rest,
            }
        }
        Err(RestoreError::Incomplete("BatchGetItem"))
    }

    /// Removes records, each only if it is still the one that was read.
    ///
    /// A record that does not exist any more is no error.
    pub(super) async fn remove(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let chunks = records.chunks(REMOVALS_PER_TRANSACTION).map(|chunk| self.remove_chunk(chunk));
        stream::iter(chunks).buffer_unordered(CALLS_IN_FLIGHT).try_collect().await
    }

    /// Removes records in transactions: a `BatchWriteItem` cannot have conditions.
    ///
    /// A transaction is canceled as a whole if one of its conditions fails. Then it is sent again without the
    /// records that were replaced.
    async fn remove_chunk(&self, records: &[&DeleteRecord]) -> Result<(), RestoreError> {
        let mut open = records.to_vec();
        for attempt in 0..ATTEMPTS {
            back_off(FIRST_PAUSE, attempt).await;
            open = self.remove_together(open).await?;
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(RestoreError::Incomplete("TransactWriteItems"))
    }

    /// Removes records in one transaction, and returns those that are not removed yet.
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
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                remaining(&records, canceled.cancellation_reasons())
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(records),
            _ => Err(RestoreError::from_call("TransactWriteItems", &error)),
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
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// Returns the records of a canceled transaction that are not removed yet.
///
/// The transaction has a reason for each action, in order:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
fn remaining<'a>(
    records: &[&'a DeleteRecord],
    reasons: &[CancellationReason],
) -> Result<Vec<&'a DeleteRecord>, RestoreError> {
    let failed = |reason: &str| RestoreError::Aws(format!("TransactWriteItems was canceled: {reason}"));
    if reasons.len() != records.len() {
        return Err(failed("the number of reasons is not that of its actions"));
    }
    let mut remaining = Vec::new();
    for (record, reason) in records.iter().zip(reasons) {
        match reason.code().unwrap_or("None") {
            "ConditionalCheckFailed" => {
                tracing::info!(
                    package = record.node_id,
                    "the delete record was replaced by a later deletion and stays"
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

/// Returns the node id of an item of the table, and its record.
pub(super) fn reading_of(item: &HashMap<String, AttributeValue>) -> Option<(String, RecordReading)> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let node_id = text(NODE_ID)?;
    let version = (|| Some(Version { bucket: text(BUCKET)?, key: text(KEY)?, id: text(VERSION)? }))();
    let Some(version) = version else { return Some((node_id, RecordReading::Malformed)) };
    // The size is text, can be blank, and is used only if no source file has a size.
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
    fn malformed_size_is_zero() {
        for (text, expected) in [("12", 12), ("", 0), ("many", 0), ("-5", 0), ("9223372036854775807", 0)] {
            assert!(
                matches!(reading(text, ""), RecordReading::Whole(record) if record.object_size == expected)
            );
        }
    }

    #[test]
    fn record_without_a_version_is_malformed() {
        for missing in [BUCKET, KEY, VERSION] {
            assert!(matches!(reading("1", missing), RecordReading::Malformed), "{missing}");
        }
    }

    #[test]
    fn only_the_record_that_was_read_is_removed() {
        let configuration = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
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
    fn canceled_transaction_is_sent_again_without_the_replaced_records() {
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
