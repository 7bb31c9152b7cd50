//! Operations on objects.

use http::Method;

use super::{object_arn, subresource};
use crate::access::Access;
use crate::query::decode_text;
use crate::services::{Call, Required};

/// The method, the parameter that selects the operation, and its action; without and with a version.
const ACTIONS: [(&Method, &str, &str, &str); 12] = [
    (&Method::HEAD, "", "GetObject", "GetObjectVersion"),
    (&Method::GET, "", "GetObject", "GetObjectVersion"),
    (&Method::GET, "tagging", "GetObjectTagging", "GetObjectVersionTagging"),
    (&Method::GET, "attributes", "GetObjectAttributes", "GetObjectVersionAttributes"),
    (&Method::PUT, "", "PutObject", "PutObject"),
    (&Method::PUT, "tagging", "PutObjectTagging", "PutObjectVersionTagging"),
    (&Method::POST, "uploads", "PutObject", "PutObject"),
    (&Method::POST, "", "PutObject", "PutObject"),
    (&Method::POST, "restore", "RestoreObject", "RestoreObject"),
    (&Method::DELETE, "", "DeleteObject", "DeleteObjectVersion"),
    (&Method::DELETE, "tagging", "DeleteObjectTagging", "DeleteObjectVersionTagging"),
    (&Method::GET, "acl", "GetObjectAcl", "GetObjectVersionAcl"),
];

pub(super) fn required(call: &Call<'_>, bucket: &str, key: &str) -> Required {
    let (method, subresource) = (&call.parts.method, subresource(call));
    let found = ACTIONS.iter().find(|(known, selects, ..)| *known == method && *selects == subresource);
    let Some((_, _, action, versioned)) = found else {
        return call.unknown(format!("{method} object?{subresource}"));
    };
    let is_upload = call.query.has("uploadId");
    let action = match *method {
        Method::GET if is_upload => "ListMultipartUploadParts",
        Method::DELETE if is_upload => "AbortMultipartUpload",
        _ if call.query.has("versionId") => versioned,
        _ => action,
    };
    let mut required = vec![Access::new(format!("s3:{action}"), object_arn(bucket, key))];
    required.extend(copied(call));
    let headers = &call.parts.headers;
    if *method == Method::PUT && subresource.is_empty() && headers.contains_key("x-amz-tagging") {
        required.push(Access::new("s3:PutObjectTagging", object_arn(bucket, key)));
    }
    Ok(required)
}

/// Returns what reading the source of a copy needs.
fn copied(call: &Call<'_>) -> Option<Access> {
    let source = call.parts.headers.get("x-amz-copy-source")?.to_str().ok()?;
    let (source, version) = source.split_once("?versionId=").unwrap_or((source, ""));
    let source = decode_text(source.trim_start_matches('/'));
    let action = if version.is_empty() { "s3:GetObject" } else { "s3:GetObjectVersion" };
    Some(Access::new(action, format!("arn:aws:s3:::{source}")))
}
