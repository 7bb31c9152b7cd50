//! Why a signature is not accepted.

use chrono::{DateTime, Utc};

/// Why a signature is not accepted. Each service has its own wording: see `denial`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("the request is signed in its header and in its query")]
    TwoKinds,
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    #[error("the access key does not exist")]
    UnknownAccessKey,
    #[error("the session token is not the one of the access key")]
    InvalidToken,
    #[error("the time of the request is {sent}, and it is {now}")]
    Skewed { sent: DateTime<Utc>, now: DateTime<Utc> },
    #[error("the URL is presigned for more than a week")]
    ExpiresTooLong,
    #[error("the URL is presigned for a later time")]
    NotYetValid,
    #[error("the presigned URL has expired")]
    Expired,
    #[error("the header {0} is not signed")]
    UnsignedHeader(String),
    #[error("the signature is another one")]
    Mismatch,
    #[error("the body is not the one that was signed")]
    OtherBody,
}
