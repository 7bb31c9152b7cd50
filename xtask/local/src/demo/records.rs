//! Delete records, which a restore uses to find and remove delete markers.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use openapi::PackageNodeId;

use super::DemoError;

/// The maximum number of records in one BatchWriteItem.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const RECORDS_PER_CALL: usize = 25;

/// The platform's record of a deleted file.
pub(super) struct DeleteRecord<'a> {
    pub(super) node_id: &'a PackageNodeId,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    /// Version id of the delete marker.
    pub(super) marker: &'a str,
    pub(super) size: usize,
}

/// Writes all records.
pub(super) async fn put(
    dynamodb: &aws_sdk_dynamodb::Client,
    table: &str,
    records: &[DeleteRecord<'_>],
) -> Result<(), DemoError> {
    let failed = |source| DemoError::DeleteRecords { table: table.to_owned(), source: Box::new(source) };
    let mut pending = Vec::new();
    for record in records {
        let put = PutRequest::builder().set_item(Some(record.attributes())).build();
        let put = put.map_err(|error| failed(error.into()))?;
        pending.push(WriteRequest::builder().put_request(put).build());
    }
    while !pending.is_empty() {
        let batch = pending.split_off(pending.len().saturating_sub(RECORDS_PER_CALL));
        let response = dynamodb
            .batch_write_item()
            .request_items(table, batch)
            .send()
            .await
            .map_err(|error| failed(error.into()))?;
        let mut unprocessed = response.unprocessed_items.unwrap_or_default();
        pending.extend(unprocessed.remove(table).unwrap_or_default());
    }
    Ok(())
}

impl DeleteRecord<'_> {
    /// Returns the attributes. All are strings, including the size.
    fn attributes(&self) -> HashMap<String, AttributeValue> {
        [
            ("NodeId", self.node_id.to_string()),
            ("S3Bucket", self.bucket.to_owned()),
            ("S3Key", self.key.to_owned()),
            ("S3ObjectVersion", self.marker.to_owned()),
            ("ObjectSize", self.size.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
        .into()
    }
}
