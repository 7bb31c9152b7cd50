//! The traces that the console shows.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use deploy::traces::{Recent, Trace, Traces};
use local_stack::console::traces::TraceSource;
use serde_json::Value;

/// The number of traces in the list, and how far back it goes.
const LISTED: usize = 25;
const LISTED_TIME: TimeDelta = TimeDelta::hours(1);

/// Returns what the console reads traces with.
pub(super) fn source(traces: &Traces) -> TraceSource {
    let (recent, find) = (traces.clone(), traces.clone());
    TraceSource {
        recent: Arc::new(move || {
            let traces = recent.clone();
            Box::pin(async move {
                let wanted = Recent { from: Utc::now() - LISTED_TIME, only_problems: false, limit: LISTED };
                let found = traces.recent(wanted).await;
                // A trace without an event is listed by the name of its first span.
                let shortened = |mut trace: Trace| {
                    trace.spans.truncate(1);
                    trace
                };
                to_json(found.map(|found| found.into_iter().map(shortened).collect()))
            })
        }),
        find: Arc::new(move |id| {
            let traces = find.clone();
            Box::pin(async move { to_json(traces.find(Utc::now() - LISTED_TIME, &id).await) })
        }),
    }
}

fn to_json(traces: anyhow::Result<Vec<Trace>>) -> Result<Value, String> {
    let traces = traces.map_err(|error| format!("{error:#}"))?;
    serde_json::to_value(traces).map_err(|error| error.to_string())
}
