//! The segments that Lambda sends for an invocation.
//!
//! `AWS::Lambda` is the service, and `AWS::Lambda::Function` in it is the function, to which everything belongs that the
//! function sends: <https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html#services-xray-traces>.

use std::time::{SystemTime, UNIX_EPOCH};

use openapi::telemetry::{SegmentId, TraceHeader, TraceId};
use serde_json::json;
use uuid::Uuid;

use super::super::InvocationOutcome;
use crate::control_plane::FunctionArn;

/// The trace of an invocation in progress.
pub(in crate::pool) struct InvocationTrace {
    header: TraceHeader,
    service: SegmentId,
    function: SegmentId,
    started: SystemTime,
    initialization: Option<(SystemTime, SystemTime)>,
    invoked: SystemTime,
}

impl InvocationTrace {
    /// Begins the trace of an invocation.
    ///
    /// On AWS, Lambda samples one invocation per second and 5 % of the others. The local stack samples all invocations of
    /// functions with active tracing.
    pub(in crate::pool) fn begin(is_active: bool) -> Self {
        let now = SystemTime::now();
        let header = TraceHeader { root: new_trace_id(now), parent: None, sampled: Some(is_active) };
        let [service, function] = [new_segment_id(), new_segment_id()];
        Self { header, service, function, started: now, initialization: None, invoked: now }
    }

    /// Returns the header for the function.
    pub(in crate::pool) fn header(&self) -> TraceHeader {
        self.header.below(self.function)
    }

    /// Records that an instance has been initialized since a time.
    pub(in crate::pool) fn initialized(&mut self, since: SystemTime) {
        self.initialization = Some((since, SystemTime::now()));
    }

    /// Records that an instance receives the event now.
    pub(in crate::pool) fn invoked(&mut self) {
        self.invoked = SystemTime::now();
    }

    /// Returns the documents of the invocation, which ends now. Without sampling there are none.
    pub(in crate::pool) fn end(
        self,
        function: &FunctionArn,
        request_id: Uuid,
        outcome: &InvocationOutcome,
    ) -> Vec<String> {
        if self.header.sampled != Some(true) {
            return Vec::new();
        }
        let ended = SystemTime::now();
        let is_fault = matches!(outcome, InvocationOutcome::FunctionError(_));
        let work = |name: &str, start: SystemTime, end: SystemTime| json!({ "id": new_segment_id().to_string(), "name": name, "start_time": seconds(start), "end_time": seconds(end) });
        let mut subsegments = Vec::new();
        if let Some((start, end)) = self.initialization {
            subsegments.push(work("Initialization", start, end));
        }
        subsegments.push(work("Invocation", self.invoked, ended));
        let mut common = json!({
            "trace_id": self.header.root.to_string(),
            "name": function.name.as_str(),
            "start_time": seconds(self.started),
            "end_time": seconds(ended),
            "aws": { "function_arn": function.to_string(), "request_id": request_id.to_string() },
        });
        if is_fault {
            common["fault"] = true.into();
        }
        let mut service = common.clone();
        service["id"] = self.service.to_string().into();
        service["origin"] = "AWS::Lambda".into();
        let mut own = common;
        own["id"] = self.function.to_string().into();
        own["origin"] = "AWS::Lambda::Function".into();
        own["parent_id"] = service["id"].clone();
        own["subsegments"] = subsegments.into();
        vec![service.to_string(), own.to_string()]
    }
}

/// Returns the id of a trace that begins now.
pub(crate) fn new_trace_id(now: SystemTime) -> TraceId {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    TraceId::new(u32::try_from(seconds).unwrap_or(u32::MAX), Uuid::new_v4().as_u128())
}

fn new_segment_id() -> SegmentId {
    SegmentId(Uuid::new_v4().as_u64_pair().0)
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use uuid::Uuid;

    use super::super::super::InvocationOutcome;
    use super::InvocationTrace;

    fn documents(trace: InvocationTrace, outcome: &InvocationOutcome) -> Vec<Value> {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:api".parse().unwrap();
        let documents = trace.end(&arn, Uuid::nil(), outcome);
        documents.iter().map(|document| serde_json::from_str(document).unwrap()).collect()
    }

    #[test]
    fn function_is_a_segment_in_that_of_the_service() {
        let mut trace = InvocationTrace::begin(true);
        trace.initialized(std::time::SystemTime::now());
        trace.invoked();
        let header = trace.header();
        let [service, function] =
            documents(trace, &InvocationOutcome::FunctionError("".into())).try_into().unwrap();
        assert_eq!((&service["origin"], service.get("parent_id")), (&"AWS::Lambda".into(), None));
        assert_eq!(
            (&function["origin"], &function["parent_id"]),
            (&"AWS::Lambda::Function".into(), &service["id"])
        );
        assert_eq!(header.parent.unwrap().to_string(), function["id"]);
        assert_eq!(header.root.to_string(), function["trace_id"]);
        assert_eq!(function["fault"], true);
        let names: Vec<&Value> =
            function["subsegments"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["Initialization", "Invocation"]);
    }

    #[test]
    fn invocation_without_active_tracing_has_a_header_and_no_documents() {
        let trace = InvocationTrace::begin(false);
        assert_eq!(trace.header().sampled, Some(false));
        assert!(documents(trace, &InvocationOutcome::Response("".into())).is_empty());
    }
}
