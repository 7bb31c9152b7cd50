//! What may be said of a failed call.
//!
//! The SDK's own texts hold too much: printed with its causes, an error shows the whole answer, and S3 repeats tokens
//! and signatures in it; Parameter Store would show the private key.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

/// A failed call in words for the log: the operation, how it failed, AWS's code and request id, and nothing else.
pub(crate) fn failure<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> String {
    let how = match error {
        SdkError::ConstructionFailure(_) => "could not be built",
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "could not be sent: no connection or no credentials",
        SdkError::ResponseError(_) => "was answered with what cannot be read",
        _ => "was refused",
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

    use super::failure;

    #[test]
    fn an_answer_is_never_repeated() {
        let body = SdkBody::from("<Error><Code>InvalidToken</Code><Token-0>secret</Token-0></Error>");
        let mut answer = HttpResponse::new(400.try_into().unwrap(), body);
        answer.headers_mut().insert("x-amz-request-id", "R1");
        let refused =
            HeadObjectError::generic(ErrorMetadata::builder().code("InvalidToken").message("secret").build());
        let error = SdkError::service_error(refused, answer);
        assert_eq!(failure("HeadObject", &error), "HeadObject was refused: InvalidToken (request R1)");
    }
}
