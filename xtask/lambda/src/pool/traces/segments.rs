//! The segments that Lambda sends for an invocation.
//!
//! `AWS::Lambda` is the service, and `AWS::Lambda::Function` in it is the function, to which everything belongs that the
//! function sends: <https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html#services-xray-traces>.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openapi::telemetry::{SegmentId, TraceHeader, TraceId};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::super::InvocationOutcome;
use crate::control_plane::FunctionArn;

/// How long an instance may take after its response until it asks for the next invocation. A longer time is not recorded.
const LONGEST_OVERHEAD: Duration = Duration::from_secs(2);

/// The trace of an invocation in progress.
pub(in crate::pool) struct InvocationTrace {
    header: TraceHeader,
    service: SegmentId,
    function: SegmentId,
    started: SystemTime,
    initialization: Option<(SystemTime, SystemTime)>,
    invoked: SystemTime,
    /// Closed when the instance asks for the next invocation.
    next: oneshot::Receiver<()>,
}

/// The trace of an invocation that has an outcome.
pub(in crate::pool) struct EndedTrace {
    trace: InvocationTrace,
    responded: SystemTime,
    is_fault: bool,
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
        let (_, next) = oneshot::channel();
        Self { header, service, function, started: now, initialization: None, invoked: now, next }
    }

    /// Records that an instance has been initialized since a time.
    pub(in crate::pool) fn initialized(&mut self, since: SystemTime) {
        self.initialization = Some((since, SystemTime::now()));
    }

    /// Records that an instance receives the event now.
    ///
    /// Returns the header for the function, and what the instance holds until it asks for the next invocation.
    pub(in crate::pool) fn invoked(&mut self) -> (TraceHeader, oneshot::Sender<()>) {
        let (until_next, next) = oneshot::channel();
        self.next = next;
        self.invoked = SystemTime::now();
        (self.header.below(self.function), until_next)
    }

    /// Records the outcome of the invocation.
    pub(in crate::pool) fn ended(self, outcome: &InvocationOutcome) -> EndedTrace {
        let is_fault = matches!(outcome, InvocationOutcome::FunctionError(_));
        EndedTrace { trace: self, responded: SystemTime::now(), is_fault }
    }
}

impl EndedTrace {
    /// Waits until the instance is idle, and returns the documents of the invocation. Without sampling there are none.
    ///
    /// The time between the response and the request for the next invocation is the overhead:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html#services-xray-traces>.
    pub(in crate::pool) async fn documents(self, function: &FunctionArn, request_id: Uuid) -> Vec<String> {
        let Self { trace, responded, is_fault } = self;
        if trace.header.sampled != Some(true) {
            return Vec::new();
        }
        // The channel only closes. An instance that takes too long has no overhead here.
        let is_idle = timeout(LONGEST_OVERHEAD, trace.next).await.is_ok();
        let ended = if is_idle { SystemTime::now() } else { responded };
        let mut subsegments = Vec::new();
        if let Some((start, end)) = trace.initialization {
            subsegments.push(subsegment("Initialization", start, end));
        }
        subsegments.push(subsegment("Invocation", trace.invoked, responded));
        if is_idle {
            subsegments.push(subsegment("Overhead", responded, ended));
        }
        let mut common = json!({
            "trace_id": trace.header.root.to_string(),
            "name": function.name.as_str(),
            "start_time": seconds(trace.started),
            "end_time": seconds(ended),
            "aws": { "function_arn": function.to_string(), "request_id": request_id.to_string() },
        });
        if is_fault {
            common["fault"] = true.into();
        }
        let mut service = common.clone();
        service["id"] = trace.service.to_string().into();
        service["origin"] = "AWS::Lambda".into();
        service["resource_arn"] = function.to_string().into();
        // Lambda responds with 200 when a function fails, too.
        service["http"] = json!({ "response": { "status": 200 } });
        let mut own = common;
        own["id"] = trace.function.to_string().into();
        own["origin"] = "AWS::Lambda::Function".into();
        own["parent_id"] = service["id"].clone();
        own["subsegments"] = subsegments.into();
        vec![service.to_string(), own.to_string()]
    }
}

fn subsegment(name: &str, start: SystemTime, end: SystemTime) -> Value {
    json!({
        "id": new_segment_id().to_string(),
        "name": name,
        "start_time": seconds(start),
        "end_time": seconds(end),
    })
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

    async fn documents(trace: InvocationTrace, outcome: &InvocationOutcome) -> Vec<Value> {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:api".parse().unwrap();
        let documents = trace.ended(outcome).documents(&arn, Uuid::nil()).await;
        documents.iter().map(|document| serde_json::from_str(document).unwrap()).collect()
    }

    fn names(function: &Value) -> Vec<&Value> {
        function["subsegments"].as_array().unwrap().iter().map(|it| &it["name"]).collect()
    }

    #[tokio::test]
    async fn function_is_a_segment_in_that_of_the_service() {
        let mut trace = InvocationTrace::begin(true);
        trace.initialized(std::time::SystemTime::now());
        let (header, until_next) = trace.invoked();
        drop(until_next);
        let outcome = InvocationOutcome::FunctionError("".into());
        let [service, function] = documents(trace, &outcome).await.try_into().unwrap();
        assert_eq!((&service["origin"], service.get("parent_id")), (&"AWS::Lambda".into(), None));
        assert_eq!(
            (&function["origin"], &function["parent_id"]),
            (&"AWS::Lambda::Function".into(), &service["id"])
        );
        assert_eq!(header.parent.unwrap().to_string(), function["id"]);
        assert_eq!(header.root.to_string(), function["trace_id"]);
        assert_eq!((&service["fault"], &function["fault"]), (&true.into(), &true.into()));
        assert_eq!(names(&function), ["Initialization", "Invocation", "Overhead"]);
    }

    #[tokio::test]
    async fn invocation_without_active_tracing_has_a_header_and_no_documents() {
        let mut trace = InvocationTrace::begin(false);
        let (header, _until_next) = trace.invoked();
        assert_eq!(header.sampled, Some(false));
        assert!(documents(trace, &InvocationOutcome::Response("".into())).await.is_empty());
    }
}
