//! Examples of bodies, made from the types of the messages, so that they cannot differ from them.

use serde::Serialize;
use serde_json::Value;

use crate::messages::{
    ErrorBody, HashAlgorithm, PresignedObject, RestoreFailure, RestoreRequest, RestoreResponse, SignedFile,
    SignedPackage,
};

/// An example with its name.
pub type Example = (&'static str, Value);

/// 2026-01-01T01:00:00Z
const EXPIRES_AT: i64 = 1_767_229_200;
const DATASET: &str = "N:dataset:2f6d1c52-0c2c-4e8e-9d0a-5b6f5b1f3c11";
const PACKAGE: &str = "N:package:7a1e6a0e-3f0b-4d8e-8a57-0f4b4f0d9e21";
const OTHER_PACKAGE: &str = "N:package:d2b1c9f4-91f5-4f43-8b0c-6e6c7f1a2b33";
const BASE_URL: &str = "https://d111111abcdef8.cloudfront.net/O367/D12/P345/";
/// The id of a request as API Gateway makes it.
pub(crate) const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";

pub(crate) fn restore_request() -> Vec<Example> {
    let node_ids = vec![PACKAGE.to_owned(), OTHER_PACKAGE.to_owned()];
    vec![("packages", value(&RestoreRequest { node_ids }))]
}

pub(crate) fn restore_response() -> Vec<Example> {
    let failure = RestoreFailure {
        id: OTHER_PACKAGE.to_owned(),
        error: format!("deleted package {OTHER_PACKAGE} not found in dataset {DATASET}"),
    };
    let response = RestoreResponse { success: vec![PACKAGE.to_owned()], failures: vec![failure] };
    vec![("partialSuccess", value(&response))]
}

pub(crate) fn presigned_object() -> Vec<Example> {
    let presigned_url = "https://packages-use1.s3.us-east-1.amazonaws.com/O367/D12/eeg.edf?\
                         X-Amz-Algorithm=AWS4-HMAC-SHA256&…&X-Amz-Signature=…";
    let object = PresignedObject { presigned_url: presigned_url.to_owned(), expires_at: EXPIRES_AT };
    vec![("object", value(&object))]
}

pub(crate) fn signed_assets() -> Vec<Example> {
    let file = SignedFile {
        signed_url: format!(
            "{BASE_URL}montage.parquet?Expires={EXPIRES_AT}&Signature=…&Key-Pair-Id=K2JCJMDEHXQW5F"
        ),
        expires_at: EXPIRES_AT,
    };
    let package = SignedPackage {
        base_url: BASE_URL.to_owned(),
        policy: "eyJTdGF0ZW1lbnQiOlt7…".to_owned(),
        signature: "Fh0vXz…".to_owned(),
        key_pair_id: "K2JCJMDEHXQW5F".to_owned(),
        hash_algorithm: HashAlgorithm::Sha256,
        resource: format!("{BASE_URL}*"),
        expires_at: EXPIRES_AT,
        signed_url: None,
    };
    vec![("file", value(&file)), ("package", value(&package))]
}

/// Returns an error as this service sends it.
pub(crate) fn service_error(message: &str) -> Example {
    let body = ErrorBody { message: message.to_owned(), error_id: REQUEST_ID.to_owned() };
    ("service", value(&body))
}

/// Returns an error as the gateway in front of this service sends it.
pub(crate) fn gateway_error(message: &str) -> Example {
    ("gateway", serde_json::json!({ "message": message }))
}

/// The types of the contract have only keys of text and finite numbers, so they are always JSON.
fn value(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap_or_default()
}
