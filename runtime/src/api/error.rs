//! Errors of the API, each with what a client may know and what only the log may say.

use openapi::{ClaimError, DatasetRole, ErrorBody};

use super::response::Response;
use crate::configuration::SettingError;
use crate::platform::database::DatabaseError;
use crate::platform::region::UnknownRegion;

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// No route has this path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// The path is known, the method is not.
    #[error("this path takes only {allow}")]
    MethodNotAllowed {
        /// What it does take.
        allow: String,
    },
    /// The claims are missing or malformed.
    #[error("the request carries no valid claims: {0}")]
    Claims(#[from] ClaimError),
    /// The caller may not do this.
    #[error("this needs the role {required} in the dataset, or a higher one")]
    RoleTooLow {
        /// The lowest role that may.
        required: DatasetRole,
    },
    /// The claims are for another dataset.
    #[error("the claims are not for the dataset in `dataset_id`")]
    OtherDataset,
    /// A parameter or the body is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// The package's files are infected, and the platform's own file API refuses them too.
    #[error("package {0} is infected: its files are not given out")]
    Infected(String),
    /// S3 refused a URL that was given to us.
    #[error("S3 refused the presigned URL")]
    RefusedByS3,
    /// What was asked for is not there.
    #[error("{0} not found")]
    NotFound(String),
    /// A variable that this endpoint needs is missing or malformed.
    #[error("not available: {0}")]
    NotConfigured(#[from] SettingError),
    /// S3 does not tell where a bucket lies.
    #[error(transparent)]
    UnknownRegion(#[from] UnknownRegion),
    /// AWS or the database cannot be reached or used now.
    #[error("not available: {0}")]
    Unavailable(String),
    /// Something is wrong on our side.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    pub(super) fn parameter(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::BadRequest(format!("the parameter `{name}` {problem}"))
    }

    pub(super) fn internal(cause: impl Into<String>) -> Self {
        Self::Internal(cause.into())
    }

    fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::Claims(_) => 401,
            Self::RoleTooLow { .. } | Self::OtherDataset | Self::Infected(_) | Self::RefusedByS3 => 403,
            Self::UnknownPath | Self::NotFound(_) => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::Internal(_) => 500,
            Self::NotConfigured(_) | Self::UnknownRegion(_) | Self::Unavailable(_) => 503,
        }
    }

    /// What a client is told. Nothing of the inside: no variable's name, no text of the database or of AWS.
    fn public_message(&self) -> String {
        match self {
            Self::Internal(_) => "internal error".to_owned(),
            Self::NotConfigured(_) => "this is not available here".to_owned(),
            // Every presigned URL of a package shows its bucket to the same caller.
            Self::UnknownRegion(unknown) => {
                format!("the region of bucket {} could not be determined, try again later", unknown.bucket)
            }
            Self::Unavailable(_) => "temporarily not available, try again later".to_owned(),
            told => told.to_string(),
        }
    }

    /// The response for this error.
    pub(super) fn response(&self, request_id: &str) -> Response {
        let body = ErrorBody { message: self.public_message(), error_id: request_id.to_owned() };
        let response = Response::json(self.status(), &body);
        match self {
            Self::MethodNotAllowed { allow } => response.header("Allow", allow.clone()),
            _ => response,
        }
    }

    /// Log the cause under the id that the client is told.
    pub(super) fn log(&self, operation: &str, request_id: &str) {
        let status = self.status();
        if status >= 500 {
            tracing::error!(error_id = request_id, operation, status, cause = %self, "request failed");
        } else {
            tracing::debug!(error_id = request_id, operation, status, "request refused");
        }
    }
}

impl From<DatabaseError> for ApiError {
    fn from(error: DatabaseError) -> Self {
        if error.is_missing_schema() {
            Self::NotFound("organization".to_owned())
        } else if error.is_unavailable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(error.to_string())
        }
    }
}
