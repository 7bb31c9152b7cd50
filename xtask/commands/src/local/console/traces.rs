//! The traces that the console shows.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use deploy::traces::{Recent, Trace, Traces};
use local_stack::console::{Lookup, Topic};

use super::to_json;

/// The number of traces in the list, and how far back it goes.
const LISTED: usize = 25;
const LISTED_TIME: TimeDelta = TimeDelta::hours(1);

/// Returns the recent traces, the newest first, each with its first span.
///
/// A trace without an event is listed by the name of that span.
pub(super) fn recent(traces: &Traces) -> Topic {
    let traces = traces.clone();
    Topic {
        name: "traces",
        interval: Duration::from_secs(2),
        read: Arc::new(move || {
            let traces = traces.clone();
            Box::pin(async move {
                let wanted = Recent { from: Utc::now() - LISTED_TIME, only_problems: false, limit: LISTED };
                let shortened = |mut trace: Trace| {
                    trace.spans.truncate(1);
                    trace
                };
                let found = traces.recent(wanted).await;
                to_json(found.map(|found| found.into_iter().map(shortened).collect::<Vec<_>>()))
            })
        }),
    }
}

/// Finds the traces with an ID, with all their spans.
pub(super) fn find(traces: &Traces) -> Lookup {
    let traces = traces.clone();
    Lookup {
        name: "trace",
        find: Arc::new(move |id| {
            let traces = traces.clone();
            Box::pin(async move { to_json(traces.find(Utc::now() - LISTED_TIME, &id).await) })
        }),
    }
}
