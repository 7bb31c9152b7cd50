//! The ids of an invocation.

use openapi::telemetry::TraceHeader;

/// The ids of an invocation.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Lambda's id of the invocation.
    pub id: String,
    /// The trace that the invocation belongs to, if Lambda sent one.
    pub trace: Option<TraceHeader>,
}

impl From<&lambda_runtime::Context> for Invocation {
    fn from(context: &lambda_runtime::Context) -> Self {
        let trace = context.xray_trace_id.as_deref().and_then(|header| header.parse().ok());
        Self { id: context.request_id.clone(), trace }
    }
}
