//! Errors of a restore.

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use openapi::telemetry::Rule;
use openapi::{MalformedMessage, PackageId};

use crate::configuration::SettingError;
use crate::platform::database::DatabaseError;
use crate::platform::region::UnknownRegion;
use crate::platform::sqs::Unsent;
use crate::sdk_error::describe;

/// A message failed. It is received again, until it succeeds or is a dead letter.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestoreError {
    #[error(transparent)]
    Malformed(#[from] MalformedMessage),
    #[error("a message cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("package {0} does not exist in its dataset")]
    NoSuchPackage(PackageId),
    #[error(transparent)]
    NotConfigured(#[from] SettingError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("{0}")]
    Aws(String),
    #[error(transparent)]
    UnknownRegion(#[from] UnknownRegion),
    #[error("the changelog could not be sent: {0}")]
    Changelog(#[from] Unsent),
    #[error("the changelog could not be sent in time")]
    ChangelogTimedOut,
    #[error("{0} was throttled or did not complete its work, too often")]
    Incomplete(&'static str),
    #[error(
        "S3 denies the removal of every delete marker in {0}: check the role of the function and the bucket policy"
    )]
    Denied(String),
    #[error("the time of the batch is over")]
    OutOfTime,
}

impl RestoreError {
    /// Returns what failed.
    pub(super) const fn rule(&self) -> Rule {
        match self {
            Self::Malformed(_) | Self::Unwritable(_) => Rule::MalformedMessage,
            Self::NoSuchPackage(_) => Rule::NoSuchPackage,
            Self::NotConfigured(_) => Rule::NotConfigured,
            Self::Database(_) => Rule::Database,
            Self::Aws(_) | Self::Incomplete(_) => Rule::Aws,
            Self::UnknownRegion(_) => Rule::UnknownRegion,
            Self::Changelog(_) | Self::ChangelogTimedOut => Rule::Changelog,
            Self::Denied(_) => Rule::Denied,
            Self::OutOfTime => Rule::OutOfTime,
        }
    }

    /// Returns the error of a failed call.
    pub(super) fn from_call<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> Self {
        Self::Aws(describe(operation, error))
    }
}

/// A required member of a request is missing.
impl From<BuildError> for RestoreError {
    fn from(error: BuildError) -> Self {
        Self::Aws(error.to_string())
    }
}

impl From<sqlx::Error> for RestoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A package of a restore cannot be restored, and stays deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unrestorable {
    #[error("it has no delete record")]
    NoRecord,
    #[error("its delete record names no object")]
    MalformedRecord,
    #[error("the bucket of its object does not exist")]
    NoBucket,
    #[error("its object does not exist")]
    NoObject,
    #[error("its delete record names a data version, not a delete marker")]
    DataVersion,
    #[error("S3 rejected the removal of its delete marker")]
    MarkerNotRemoved,
    #[error("another delete marker hides its object")]
    Hidden,
}

impl Unrestorable {
    /// Returns the name of the reason, for the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NoRecord => "no-record",
            Self::MalformedRecord => "malformed-record",
            Self::NoBucket => "no-bucket",
            Self::NoObject => "no-object",
            Self::DataVersion => "data-version",
            Self::MarkerNotRemoved => "marker-not-removed",
            Self::Hidden => "hidden",
        }
    }
}
