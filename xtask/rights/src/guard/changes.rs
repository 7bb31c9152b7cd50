//! What a request may change.

use http::Method;

use crate::service::Service;
use crate::services::{Call, object_of};

/// Prefixes of the operations that change nothing.
const READING: [&str; 8] =
    ["Describe", "Detect", "Estimate", "Get", "List", "Simulate", "Validate", "BatchDescribe"];

/// Operations of SQS that change the policy of a queue.
const OF_QUEUES: [&str; 5] =
    ["AddPermission", "CreateQueue", "DeleteQueue", "RemovePermission", "SetQueueAttributes"];

/// The address of event source mappings: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.
const MAPPINGS: &str = "/event-source-mappings/";

/// Whether a request may change what is allowed: policies, and which key or function a resource has.
pub(super) fn of_policies(call: &Call<'_>) -> bool {
    match call.service {
        Service::CloudControl | Service::CloudFormation | Service::Iam | Service::Ssm => {
            !is_reading(&call.operation())
        }
        Service::Lambda => is_writing(&call.parts.method) && call.parts.uri.path().contains(MAPPINGS),
        Service::Sqs => OF_QUEUES.contains(&call.operation().as_str()),
        Service::S3 => is_writing(&call.parts.method) && object_of(call.parts.uri.path()).is_none(),
        _ => false,
    }
}

/// Whether a request may change functions, queues that invoke them, an API or a distribution.
pub(super) fn of_resources(call: &Call<'_>) -> bool {
    match call.service {
        Service::CloudControl | Service::CloudFormation => !is_reading(&call.operation()),
        Service::ApiGateway | Service::CloudFront => is_writing(&call.parts.method),
        Service::Lambda => is_writing(&call.parts.method) && !call.parts.uri.path().ends_with("/invocations"),
        _ => false,
    }
}

fn is_reading(operation: &str) -> bool {
    READING.iter().any(|beginning| operation.starts_with(beginning))
}

fn is_writing(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}
