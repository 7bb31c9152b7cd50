//! Errors of the API: a message for the client, and a cause for the log.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ALLOW;
use openapi::telemetry::Rule;
use openapi::{ClaimError, DatasetRole, ErrorBody, PackageNodeId, ParameterError};

use crate::configuration::SettingError;
use crate::http::Response;
use crate::key_source::LoadKeyError;
use crate::platform::database::DatabaseError;
use crate::platform::region::UnknownRegion;

/// A request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// No route has the path.
    #[error("there is nothing at this path")]
    UnknownPath,
    /// No route has the method on a known path.
    #[error("this path allows only {allow}")]
    MethodNotAllowed {
        /// The methods of the path.
        allow: String,
    },
    /// The claims are missing or malformed.
    #[error("the request carries no valid claims: {0}")]
    Claims(#[from] ClaimError),
    /// The role of the caller is too low.
    #[error("this needs the role {required} in the dataset, or a higher one")]
    RoleTooLow {
        /// The lowest role that is sufficient.
        required: DatasetRole,
    },
    /// The claims are for another dataset.
    #[error("the claims are not for the dataset in `dataset_id`")]
    OtherDataset,
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A parameter or the body is not valid.
    #[error("{0}")]
    BadRequest(String),
    /// The files of the package are infected.
    ///
    /// The file API of the platform rejects them too.
    #[error("package {0} is infected: its files cannot be downloaded")]
    Infected(PackageNodeId),
    /// S3 rejected the URL of the request.
    #[error("S3 refused the presigned URL")]
    RejectedByS3,
    /// Something does not exist.
    #[error("{0} not found")]
    NotFound(String),
    /// A variable of this endpoint is missing or malformed.
    #[error("not available: {0}")]
    NotConfigured(#[from] SettingError),
    /// The region of a bucket is unknown.
    #[error(transparent)]
    UnknownRegion(#[from] UnknownRegion),
    /// AWS or the database cannot be reached or used.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The signing key cannot be loaded.
    #[error("not available: {0}")]
    Key(#[from] LoadKeyError),
    /// The signing key cannot sign.
    #[error("the signature could not be made: {0}")]
    Signing(String),
    /// The cause is a defect of the service.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// Returns the error of a parameter that is well formed but not valid.
    pub(super) fn parameter(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::BadRequest(format!("the parameter `{name}` {problem}"))
    }

    pub(super) fn internal(cause: impl Into<String>) -> Self {
        Self::Internal(cause.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Parameter(_) | Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Claims(_) => StatusCode::UNAUTHORIZED,
            Self::RoleTooLow { .. } | Self::OtherDataset | Self::Infected(_) | Self::RejectedByS3 => {
                StatusCode::FORBIDDEN
            }
            Self::UnknownPath | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal(_) | Self::Signing(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotConfigured(_) | Self::UnknownRegion(_) | Self::Unavailable(_) | Self::Key(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// Returns the message for the client.
    ///
    /// It contains no internals: no name of a variable, no text of the database or of AWS.
    fn public_message(&self) -> String {
        match self {
            Self::Internal(_) | Self::Signing(_) => "internal error".to_owned(),
            Self::NotConfigured(_) => "this is not available here".to_owned(),
            // The presigned URLs of a package show its bucket to the same caller.
            Self::UnknownRegion(unknown) => {
                format!("the region of bucket {} could not be determined, try again later", unknown.bucket)
            }
            Self::Unavailable(_) | Self::Key(_) => "temporarily not available, try again later".to_owned(),
            public => public.to_string(),
        }
    }

    /// Returns the response for this error.
    pub(super) fn response(&self, request_id: &str) -> Response {
        let body = ErrorBody { message: self.public_message(), error_id: request_id.to_owned() };
        let response = Response::json(self.status(), &body);
        match self {
            Self::MethodNotAllowed { allow } => response.header(ALLOW, allow),
            _ => response,
        }
    }

    /// Returns the rule that the request broke, or what failed.
    pub(super) const fn rule(&self) -> Rule {
        match self {
            Self::UnknownPath => Rule::UnknownPath,
            Self::MethodNotAllowed { .. } => Rule::MethodNotAllowed,
            Self::Claims(_) => Rule::Claims,
            Self::RoleTooLow { .. } => Rule::Role,
            Self::OtherDataset => Rule::OtherDataset,
            Self::Parameter(_) | Self::BadRequest(_) => Rule::MalformedRequest,
            Self::Infected(_) => Rule::Infected,
            Self::RejectedByS3 => Rule::RejectedByS3,
            Self::NotFound(_) => Rule::NotFound,
            Self::NotConfigured(_) => Rule::NotConfigured,
            Self::UnknownRegion(_) => Rule::UnknownRegion,
            Self::Unavailable(_) => Rule::Unavailable,
            Self::Key(_) => Rule::SigningKey,
            Self::Signing(_) => Rule::Signature,
            Self::Internal(_) => Rule::Defect,
        }
    }

    /// Returns whether the signing key is the cause.
    pub(super) const fn is_of_signing(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Signing(_))
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
