//! Descriptions of failed AWS calls.
//!
//! The texts of the SDK contain too much. An error with its causes displays the whole response, in which S3
//! repeats tokens and signatures, and Parameter Store returns the private key.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

/// Describes a failed call for the log.
///
/// The description has the operation, how it failed, and the code and request id of AWS.
pub(crate) fn describe<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> String {
    let how = match error {
        SdkError::ConstructionFailure(_) => "could not be built",
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "could not be sent: no connection or no credentials",
        SdkError::ResponseError(_) => "returned a response that cannot be read",
        _ => "was rejected",
    };
    let code = error.code().map(|code| format!(": {code}")).unwrap_or_default();
    let request = error.request_id().map(|id| format!(" (request {id})")).unwrap_or_default();
    format!("{operation} {how}{code}{request}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::{ErrorMetadata, SdkError};
    use aws_sdk_s3::operation::head_object::HeadObjectError;
    use aws_sdk_s3::primitives::SdkBody;

    use super::describe;

    #[test]
    fn description_contains_nothing_of_the_response() {
        let body = SdkBody::from("<Error><Code>InvalidToken</Code><Token-0>secret</Token-0></Error>");
        let mut response = HttpResponse::new(400.try_into().unwrap(), body);
        response.headers_mut().insert("x-amz-request-id", "R1");
        let rejected =
            HeadObjectError::generic(ErrorMetadata::builder().code("InvalidToken").message("secret").build());
        let error = SdkError::service_error(rejected, response);
        assert_eq!(describe("HeadObject", &error), "HeadObject was rejected: InvalidToken (request R1)");
    }
}
