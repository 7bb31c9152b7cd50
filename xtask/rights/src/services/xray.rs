//! X-Ray: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>.

use super::{Call, Required};
use crate::access::Access;

/// The operations by path.
const OPERATIONS: [(&str, &str); 4] = [
    ("/TraceSegments", "PutTraceSegments"),
    ("/TelemetryRecords", "PutTelemetryRecords"),
    ("/TraceSummaries", "GetTraceSummaries"),
    ("/Traces", "BatchGetTraces"),
];

pub(super) fn required(call: &Call<'_>) -> Required {
    let path = call.parts.uri.path();
    match OPERATIONS.iter().find(|(of_operation, _)| *of_operation == path) {
        Some((_, operation)) => Ok(vec![Access::new(call.action(operation), "*".to_owned())]),
        None => call.unknown(format!("{} {path}", call.parts.method)),
    }
}
