//! Operations on buckets.

use http::Method;

use super::{bucket_arn, delete_objects, subresource};
use crate::access::Access;
use crate::services::{Call, Required};

/// The method, the parameter that selects the operation, and its action.
const ACTIONS: [(&Method, &str, &str); 30] = [
    (&Method::HEAD, "", "ListBucket"),
    (&Method::GET, "", "ListBucket"),
    (&Method::GET, "versions", "ListBucketVersions"),
    (&Method::GET, "uploads", "ListBucketMultipartUploads"),
    (&Method::GET, "location", "GetBucketLocation"),
    (&Method::GET, "versioning", "GetBucketVersioning"),
    (&Method::GET, "cors", "GetBucketCORS"),
    (&Method::GET, "policy", "GetBucketPolicy"),
    (&Method::GET, "policyStatus", "GetBucketPolicyStatus"),
    (&Method::GET, "publicAccessBlock", "GetBucketPublicAccessBlock"),
    (&Method::GET, "encryption", "GetEncryptionConfiguration"),
    (&Method::GET, "lifecycle", "GetLifecycleConfiguration"),
    (&Method::GET, "ownershipControls", "GetBucketOwnershipControls"),
    (&Method::GET, "tagging", "GetBucketTagging"),
    (&Method::GET, "notification", "GetBucketNotification"),
    (&Method::PUT, "", "CreateBucket"),
    (&Method::PUT, "versioning", "PutBucketVersioning"),
    (&Method::PUT, "cors", "PutBucketCORS"),
    (&Method::PUT, "policy", "PutBucketPolicy"),
    (&Method::PUT, "publicAccessBlock", "PutBucketPublicAccessBlock"),
    (&Method::PUT, "encryption", "PutEncryptionConfiguration"),
    (&Method::PUT, "lifecycle", "PutLifecycleConfiguration"),
    (&Method::PUT, "ownershipControls", "PutBucketOwnershipControls"),
    (&Method::PUT, "tagging", "PutBucketTagging"),
    (&Method::DELETE, "", "DeleteBucket"),
    (&Method::DELETE, "cors", "PutBucketCORS"),
    (&Method::DELETE, "policy", "DeleteBucketPolicy"),
    (&Method::DELETE, "publicAccessBlock", "PutBucketPublicAccessBlock"),
    (&Method::DELETE, "lifecycle", "PutLifecycleConfiguration"),
    (&Method::DELETE, "tagging", "PutBucketTagging"),
];

pub(super) fn required(call: &Call<'_>, bucket: &str) -> Required {
    let (method, subresource) = (&call.parts.method, subresource(call));
    if (method, subresource) == (&Method::POST, "delete") {
        return Ok(delete_objects::required(call, bucket));
    }
    let found = ACTIONS.iter().find(|(known, selects, _)| *known == method && *selects == subresource);
    let Some((_, _, action)) = found else { return call.unknown(format!("{method} bucket?{subresource}")) };
    let mut access = Access::new(format!("s3:{action}"), bucket_arn(bucket));
    if action.starts_with("ListBucket") {
        for (parameter, key) in
            [("prefix", "s3:prefix"), ("delimiter", "s3:delimiter"), ("max-keys", "s3:max-keys")]
        {
            if let Some(value) = call.query.get(parameter) {
                access = access.with(key, value);
            }
        }
    }
    Ok(vec![access])
}
