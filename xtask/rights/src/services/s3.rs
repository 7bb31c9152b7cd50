//! S3: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.
//!
//! Which permissions an operation needs: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.

mod bucket;
mod delete_objects;
mod object;

use http::Method;

use super::{Call, Required};
use crate::access::Access;
use crate::query::decode_text;

pub(crate) use delete_objects::{DeleteObjects, deletes_objects};

/// Parameters that change no operation: they qualify a listing or a response, or are part of a signature.
const QUALIFIERS: [&str; 16] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "partNumber",
    "prefix",
    "start-after",
    "uploadId",
    "version-id-marker",
    "versionId",
    "x-id",
    "max-uploads",
];

/// The resource that a path names.
pub(super) enum Target {
    Buckets,
    Bucket(String),
    Object { bucket: String, key: String },
}

pub(super) fn required(call: &Call<'_>) -> Required {
    match target(call.parts.uri.path()) {
        Target::Buckets if call.parts.method == Method::GET => {
            Ok(vec![Access::on_everything("s3:ListAllMyBuckets")])
        }
        Target::Buckets => call.unknown(format!("{} /", call.parts.method)),
        Target::Bucket(bucket) => bucket::required(call, &bucket),
        Target::Object { bucket, key } => object::required(call, &bucket, &key),
    }
}

/// Returns the bucket and the key of a path with both.
pub(crate) fn object_of(path: &str) -> Option<(String, String)> {
    match target(path) {
        Target::Object { bucket, key } => Some((bucket, key)),
        _ => None,
    }
}

fn target(path: &str) -> Target {
    let path = path.trim_start_matches('/');
    match path.split_once('/') {
        _ if path.is_empty() => Target::Buckets,
        // S3 reads a plus in a path as a space, which is why clients encode it.
        Some((bucket, key)) if !key.is_empty() => {
            Target::Object { bucket: decode_text(bucket), key: decode_text(&key.replace('+', " ")) }
        }
        Some((bucket, _)) => Target::Bucket(decode_text(bucket)),
        None => Target::Bucket(decode_text(path)),
    }
}

/// Returns the parameter that selects an operation, such as `versioning`; empty without one.
fn subresource<'a>(call: &'a Call<'_>) -> &'a str {
    let mut names = call.query.pairs().map(|(name, _)| name);
    names
        .find(|name| {
            let is_header = name.to_ascii_lowercase().starts_with("x-amz-") || name.starts_with("response-");
            !is_header && !QUALIFIERS.contains(name)
        })
        .unwrap_or_default()
}

fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

fn object_arn(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}
