//! Creates objects with delete markers, and their delete records.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use local_stack::platform::{DELETE_RECORD_TABLE, STORAGE_BUCKET};

use super::dataset::{Dataset, Object, Package, Record};
use super::{Trial, TrialError};

const CALLS_AT_ONCE: usize = 16;
/// Limit of keys per DeleteObjects: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
const KEYS_A_CALL: usize = 1000;
/// Limit of records per BatchWriteItem:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>.
const RECORDS_A_CALL: usize = 25;

/// Version ids for delete records, by the position of the package.
pub(super) type Versions = HashMap<usize, String>;

/// Uploads the objects and creates a separate delete marker for each package.
pub(super) async fn create_objects(
    trial: &Trial,
    dataset: &Dataset,
    packages: &[Package],
) -> Result<Versions, TrialError> {
    let with_object = || {
        let numbered = packages.iter().enumerate();
        numbered.filter_map(|(position, package)| Some((position, package.object.as_ref()?)))
    };
    let keys: BTreeSet<String> = with_object()
        .filter(|(_, object)| object.record != Record::NoData)
        .map(|(_, object)| dataset.key(&object.key))
        .collect();
    let puts = keys.iter().map(|key| put(&trial.s3, key));
    let data: Vec<(String, String)> =
        stream::iter(puts).buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
    let data: HashMap<String, String> = data.into_iter().collect();

    // Each wave deletes a key only once, because a call returns only one delete marker per key.
    let mut waves: Vec<BTreeMap<String, usize>> = Vec::new();
    for (position, object) in with_object() {
        let key = dataset.key(&object.key);
        match waves.iter_mut().find(|wave| !wave.contains_key(&key)) {
            Some(wave) => drop(wave.insert(key, position)),
            None => waves.push(BTreeMap::from([(key, position)])),
        }
    }
    let mut versions = Versions::new();
    for wave in waves {
        let keys: Vec<(String, Option<String>)> = wave.keys().map(|key| (key.clone(), None)).collect();
        for (key, marker) in delete(&trial.s3, &keys).await? {
            versions.extend(wave.get(&key).map(|position| (*position, marker)));
        }
    }
    let mut removed = Vec::new();
    for (position, object) in with_object() {
        let key = dataset.key(&object.key);
        match object.record {
            Record::RemovedMarker => removed.push((key, versions.get(&position).cloned())),
            Record::Data => versions.extend(data.get(&key).map(|version| (position, version.clone()))),
            _ => {}
        }
    }
    if !removed.is_empty() {
        delete(&trial.s3, &removed).await?;
    }
    Ok(versions)
}

/// Uploads live objects that belong to no package.
pub(super) async fn put_live(
    trial: &Trial,
    dataset: &Dataset,
    keys: impl Iterator<Item = String>,
) -> Result<(), TrialError> {
    let puts = keys.map(async |key| put(&trial.s3, &dataset.key(&key)).await.map(drop));
    stream::iter(puts).buffer_unordered(CALLS_AT_ONCE).try_collect().await
}

/// Uploads an object and returns its key and version id.
async fn put(s3: &aws_sdk_s3::Client, key: &str) -> Result<(String, String), TrialError> {
    let put = s3.put_object().bucket(STORAGE_BUCKET).key(key).body(ByteStream::from_static(b"data"));
    let answer = put.send().await.map_err(|error| TrialError::aws("PutObject")(error.into()))?;
    Ok((key.to_owned(), answer.version_id.unwrap_or_default()))
}

/// Deletes keys or versions, and returns the created delete markers.
async fn delete(
    s3: &aws_sdk_s3::Client,
    keys: &[(String, Option<String>)],
) -> Result<Vec<(String, String)>, TrialError> {
    let mut markers = Vec::new();
    // XML cannot contain control characters, so keys with them need separate requests.
    let (alone, together): (Vec<_>, Vec<_>) =
        keys.iter().cloned().partition(|(key, _)| key.contains(char::is_control));
    for (key, version) in alone {
        let delete = s3.delete_object().bucket(STORAGE_BUCKET).key(&key).set_version_id(version).send().await;
        let deleted = delete.map_err(|error| TrialError::aws("DeleteObject")(error.into()))?;
        markers.extend(deleted.version_id.map(|marker| (key, marker)));
    }
    for chunk in together.chunks(KEYS_A_CALL) {
        let mut objects = Delete::builder();
        for (key, version) in chunk {
            let object = ObjectIdentifier::builder().key(key).set_version_id(version.clone()).build();
            objects =
                objects.objects(object.map_err(|error| TrialError::aws("DeleteObjects")(error.into()))?);
        }
        let objects = objects.build().map_err(|error| TrialError::aws("DeleteObjects")(error.into()))?;
        let answer = s3.delete_objects().bucket(STORAGE_BUCKET).delete(objects).send().await;
        let answer = answer.map_err(|error| TrialError::aws("DeleteObjects")(error.into()))?;
        let deleted = answer.deleted.unwrap_or_default().into_iter();
        markers.extend(deleted.filter_map(|deleted| deleted.key.zip(deleted.delete_marker_version_id)));
    }
    Ok(markers)
}

/// Writes the delete records.
pub(super) async fn put_records(
    trial: &Trial,
    dataset: &Dataset,
    packages: &[Package],
    versions: &Versions,
) -> Result<(), TrialError> {
    let mut requests = Vec::new();
    for (position, package) in packages.iter().enumerate() {
        let Some(object) = package.object.as_ref().filter(|object| object.record != Record::Missing) else {
            continue;
        };
        let version = versions.get(&position).map(String::as_str).unwrap_or_default();
        let item = item(dataset, position, object, version);
        let put = PutRequest::builder().set_item(Some(item)).build();
        let put = put.map_err(|error| TrialError::aws("BatchWriteItem")(error.into()))?;
        requests.push(WriteRequest::builder().put_request(put).build());
    }
    let writes = requests.chunks(RECORDS_A_CALL).map(|chunk| async {
        let write = trial.dynamodb.batch_write_item().request_items(DELETE_RECORD_TABLE, chunk.to_vec());
        write.send().await.map_err(|error| TrialError::aws("BatchWriteItem")(error.into()))
    });
    stream::iter(writes).buffer_unordered(CALLS_AT_ONCE).try_for_each(async |_| Ok(())).await
}

/// Replaces a delete record by that of a later deletion.
pub(super) async fn replace_record(
    trial: &Trial,
    dataset: &Dataset,
    position: usize,
    object: &Object,
) -> Result<(), TrialError> {
    let item = item(dataset, position, object, "of-a-later-deletion");
    let put = trial.dynamodb.put_item().table_name(DELETE_RECORD_TABLE).set_item(Some(item)).send().await;
    put.map(drop).map_err(|error| TrialError::aws("PutItem")(error.into()))
}

fn item(
    dataset: &Dataset,
    position: usize,
    object: &Object,
    version: &str,
) -> HashMap<String, AttributeValue> {
    let bucket =
        if object.record == Record::NoBucket { "pennsieve-no-such-bucket-use1" } else { STORAGE_BUCKET };
    let version = match object.record {
        Record::NoVersion => "",
        Record::OtherMarker => "of-nothing",
        _ => version,
    };
    [
        ("NodeId", dataset.node_id(position)),
        ("S3Bucket", bucket.to_owned()),
        ("S3Key", dataset.key(&object.key)),
        ("S3ObjectVersion", version.to_owned()),
        ("ObjectSize", object.size.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
    .collect()
}
