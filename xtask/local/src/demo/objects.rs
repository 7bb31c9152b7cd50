//! Uploads and deletes demo objects in S3.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::DemoError;

/// Number of concurrent uploads: enough to keep the emulator busy, but few enough that none has to wait long.
const UPLOADS_AT_ONCE: usize = 16;
/// The maximum number of keys in one DeleteObjects.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const KEYS_PER_CALL: usize = 1000;

/// An object to upload.
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) content_type: &'static str,
    pub(super) bytes: Bytes,
}

/// Returns whether an earlier start has uploaded this object.
pub(super) async fn exists(s3: &aws_sdk_s3::Client, object: &Object) -> Result<bool, DemoError> {
    match s3.head_object().bucket(&object.bucket).key(&object.key).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(false),
        Err(error) => {
            Err(DemoError::Bucket { bucket: object.bucket.clone(), source: Box::new(error.into()) })
        }
    }
}

/// Uploads all objects.
pub(super) async fn upload(
    s3: &aws_sdk_s3::Client,
    objects: impl IntoIterator<Item = Object>,
) -> Result<(), DemoError> {
    let mut uploads = JoinSet::new();
    for object in objects {
        if uploads.len() == UPLOADS_AT_ONCE
            && let Some(done) = uploads.join_next().await
        {
            done??;
        }
        uploads.spawn(put(s3.clone(), object));
    }
    while let Some(done) = uploads.join_next().await {
        done??;
    }
    Ok(())
}

async fn put(s3: aws_sdk_s3::Client, object: Object) -> Result<(), DemoError> {
    s3.put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .content_type(object.content_type)
        .body(ByteStream::from(object.bytes))
        .send()
        .await
        .map_err(|error| DemoError::Bucket { bucket: object.bucket, source: Box::new(error.into()) })?;
    Ok(())
}

/// Deletes keys and returns the version id of each delete marker by key.
pub(super) async fn delete(
    s3: &aws_sdk_s3::Client,
    bucket: &str,
    keys: &[&str],
) -> Result<BTreeMap<String, String>, DemoError> {
    let failed = |source| DemoError::Bucket { bucket: bucket.to_owned(), source: Box::new(source) };
    let mut markers = BTreeMap::new();
    for some in keys.chunks(KEYS_PER_CALL) {
        let identifiers = some
            .iter()
            .map(|key| ObjectIdentifier::builder().key(*key).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.into()))?;
        let request = Delete::builder().set_objects(Some(identifiers)).build();
        let request = request.map_err(|error| failed(error.into()))?;
        let call = s3.delete_objects().bucket(bucket).delete(request);
        let response = call.send().await.map_err(|error| failed(error.into()))?;
        let deleted = response.deleted.unwrap_or_default().into_iter();
        markers.extend(deleted.filter_map(|deleted| deleted.key.zip(deleted.delete_marker_version_id)));
    }
    Ok(markers)
}
