//! Responses to requests that are not forwarded, in the format and wording of each service.

mod cbor;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use chrono::SecondsFormat;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Response, StatusCode};

use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::UnknownOperation;
use crate::signature::SignatureError;

/// Why a request is not forwarded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denial {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("the request is not signed")]
    Unsigned,
    #[error("the signature is for the service {0}, which the local stack does not have")]
    UnknownService(String),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    UnknownOperation(#[from] UnknownOperation),
    #[error("the address is the emulator's own")]
    NotAws,
    #[error("the body is not well-formed XML")]
    MalformedXml,
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the emulator does not respond: {0}")]
    Unavailable(String),
}

/// The format of a service's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    S3,
    Xml,
    Json,
    RestJson,
    Cbor,
}

impl Protocol {
    /// Returns the format of the errors of the service that a request is for.
    pub(crate) fn of(service: Option<Service>, parts: &Parts) -> Self {
        let is_cbor = parts.headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor");
        match service {
            _ if is_cbor => Self::Cbor,
            _ if parts.headers.contains_key("x-amz-target") => Self::Json,
            Some(Service::S3) | None => Self::S3,
            Some(Service::Lambda | Service::ApiGateway | Service::XRay) => Self::RestJson,
            Some(_) => Self::Xml,
        }
    }

    const fn is_xml(self) -> bool {
        matches!(self, Self::S3 | Self::Xml)
    }
}

/// An error as clients see it.
struct ServiceError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Denial {
    /// Returns the response.
    pub(crate) fn response(&self, protocol: Protocol, resource: &str) -> Response<Bytes> {
        let ServiceError { status, code, message } = self.service_error(protocol);
        let (content_type, body) = match protocol {
            Protocol::S3 => {
                let (message, resource) = (escape(&message), escape(resource));
                ("application/xml", format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                     <Resource>{resource}</Resource><RequestId>local</RequestId></Error>"
                ).into())
            }
            Protocol::Xml => {
                let message = escape(&message);
                ("text/xml", format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId>local</RequestId></ErrorResponse>"
                ).into())
            }
            Protocol::Json | Protocol::RestJson => {
                let body = serde_json::json!({ "__type": code, "message": message, "Message": message });
                ("application/x-amz-json-1.1", Bytes::from(body.to_string()))
            }
            Protocol::Cbor => ("application/cbor", cbor::error(code, &message).into()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        headers.insert("x-amzn-errortype", http::HeaderValue::from_static(code));
        if protocol == Protocol::Cbor {
            headers.insert("smithy-protocol", http::HeaderValue::from_static("rpc-v2-cbor"));
        }
        response
    }

    fn service_error(&self, protocol: Protocol) -> ServiceError {
        let denied = if protocol == Protocol::Json || protocol == Protocol::Cbor {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::FORBIDDEN
        };
        let code = |xml: &'static str, json: &'static str| if protocol.is_xml() { xml } else { json };
        let error = |status, code, message: &str| ServiceError { status, code, message: message.to_owned() };
        match self {
            Self::Refused(refusal) => {
                error(denied, code("AccessDenied", "AccessDeniedException"), &refusal.to_string())
            }
            Self::Unsigned => error(
                denied,
                code("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
                "Request is missing Authentication Token",
            ),
            Self::Signature(signature) if protocol == Protocol::S3 => s3_signature_error(signature),
            Self::Signature(signature) => {
                let (code, message) = match signature {
                    SignatureError::UnknownAccessKey | SignatureError::InvalidToken => (
                        code("InvalidClientTokenId", "UnrecognizedClientException"),
                        "The security token included in the request is invalid.".to_owned(),
                    ),
                    SignatureError::Skewed { sent, now } => {
                        let [sent, now] = [sent, now].map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
                        let message = format!("Signature expired: {sent} is not within five minutes of {now}");
                        (code("SignatureDoesNotMatch", "InvalidSignatureException"), message)
                    }
                    SignatureError::Mismatch | SignatureError::OtherBody => (
                        code("SignatureDoesNotMatch", "InvalidSignatureException"),
                        "The request signature we calculated does not match the signature you provided. Check your AWS \
                         Secret Access Key and signing method. Consult the service documentation for details."
                            .to_owned(),
                    ),
                    other => (code("IncompleteSignature", "IncompleteSignatureException"), other.to_string()),
                };
                ServiceError { status: denied, code, message }
            }
            Self::UnknownOperation(_) | Self::UnknownService(_) => ServiceError {
                status: StatusCode::NOT_IMPLEMENTED,
                code: code("NotImplemented", "UnknownOperationException"),
                message: self.to_string(),
            },
            // No bucket can have such a name:
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
            Self::NotAws => error(
                StatusCode::BAD_REQUEST,
                code("InvalidBucketName", "UnknownOperationException"),
                "The specified bucket is not valid.",
            ),
            Self::MalformedXml => error(
                StatusCode::BAD_REQUEST,
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our published schema",
            ),
            Self::TooLarge { .. } => {
                error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", &self.to_string())
            }
            Self::Unavailable(_) => error(
                StatusCode::SERVICE_UNAVAILABLE,
                code("ServiceUnavailable", "ServiceUnavailableException"),
                &self.to_string(),
            ),
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn s3_signature_error(error: &SignatureError) -> ServiceError {
    let (status, code, message) = match error {
        SignatureError::TwoKinds => (
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or \
             the Authorization header should be specified",
        ),
        SignatureError::Malformed(what) => (StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", *what),
        SignatureError::ExpiresTooLong => (
            StatusCode::BAD_REQUEST,
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds) that is 604800",
        ),
        SignatureError::UnknownAccessKey => (
            StatusCode::FORBIDDEN,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        SignatureError::InvalidToken => {
            (StatusCode::BAD_REQUEST, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        }
        SignatureError::Skewed { .. } => (
            StatusCode::FORBIDDEN,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        SignatureError::Expired => (StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
        SignatureError::NotYetValid => (StatusCode::FORBIDDEN, "AccessDenied", "Request is not yet valid"),
        SignatureError::UnsignedHeader(_) => (
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "There were headers present in the request which were not signed",
        ),
        SignatureError::Mismatch => (
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        SignatureError::OtherBody => (
            StatusCode::BAD_REQUEST,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
    };
    ServiceError { status, code, message: message.to_owned() }
}

/// Escapes the special characters of XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
