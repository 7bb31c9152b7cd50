//! Traces of requests and restores, as X-Ray has them.
//!
//! X-Ray returns the documents that Lambda and the functions have sent. They are merged into one list of spans.

mod document;
mod filter;
mod merge;
mod span;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_xray::Client;
use aws_sdk_xray::primitives::DateTime as XRayTime;
use aws_sdk_xray::types::TraceSummary;
use chrono::{DateTime, TimeDelta, Utc};
use openapi::telemetry::TraceId;
use stack::{Environment, OutputName};

pub use self::span::{Event, Failure, Span, Trace};
use crate::connection::Connection;
use crate::deployed_stack::DeployedStack;

/// How much time one search covers: X-Ray scans all traces of that time, and its console searches six hours at most.
const WINDOW: TimeDelta = TimeDelta::hours(6);
/// The number of traces in one request: <https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html>.
const TRACES_PER_REQUEST: usize = 5;
/// The maximum number of traces with one ID, such as those of the receives of a message.
const TRACES_OF_ID: usize = 50;

/// Which of the recent traces are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Recent {
    /// The beginning of the time that is searched.
    pub from: DateTime<Utc>,
    /// Only traces with an error.
    pub only_problems: bool,
    /// The maximum number of traces.
    pub limit: usize,
}

/// The traces of an environment.
#[derive(Clone, Debug)]
pub struct Traces {
    client: Client,
    functions: Vec<String>,
}

impl Traces {
    /// Finds the functions of an environment. An account can have several environments.
    pub async fn open(environment: &Environment, connection: &Connection) -> Result<Self> {
        let outputs = DeployedStack::get(&connection.cloudformation(), environment).await?.outputs;
        let names = [
            OutputName::ApiFunctionName,
            OutputName::RestoreFunctionName,
            OutputName::AuthorizerFunctionName,
        ];
        let functions = names.into_iter().filter_map(|name| outputs.get(name).ok().map(str::to_owned));
        Ok(Self::of_functions(connection.xray(), functions.collect()))
    }

    /// Returns the traces of these functions.
    pub fn of_functions(client: Client, functions: Vec<String>) -> Self {
        Self { client, functions }
    }

    /// Returns the most recent traces, the newest first.
    pub async fn recent(&self, wanted: Recent) -> Result<Vec<Trace>> {
        let filter = filter::of_functions(&self.functions);
        let is_wanted = |summary: &TraceSummary| !wanted.only_problems || is_problem(summary);
        let ids = search(&self.client, &filter, wanted.from, wanted.limit, is_wanted).await?;
        let mut traces = get(&self.client, &ids).await?;
        traces.sort_by_key(|trace| std::cmp::Reverse(trace.start));
        Ok(traces)
    }

    /// Returns the traces with this ID, in the order of time.
    ///
    /// It is the ID of a trace, or one by which functions annotate traces: of a request, or of a message of the restore
    /// queue.
    pub async fn find(&self, from: DateTime<Utc>, id: &str) -> Result<Vec<Trace>> {
        if id.parse::<TraceId>().is_ok() {
            return get(&self.client, &[id.to_owned()]).await;
        }
        let ids = search(&self.client, &filter::of_id(id)?, from, TRACES_OF_ID, |_| true).await?;
        let mut traces = get(&self.client, &ids).await?;
        traces.sort_by_key(|trace| trace.start);
        Ok(traces)
    }
}

/// Returns the IDs of the traces that match a filter expression, the newest first.
async fn search(
    client: &Client,
    filter: &str,
    from: DateTime<Utc>,
    limit: usize,
    is_wanted: impl Fn(&TraceSummary) -> bool,
) -> Result<Vec<String>> {
    // A trace of this second has not ended before it.
    let mut end = Utc::now() + TimeDelta::seconds(1);
    // A trace on the border of two windows is in both.
    let mut known = BTreeSet::new();
    let mut ids = Vec::new();
    while end > from && ids.len() < limit {
        let start = from.max(end - WINDOW);
        let request = client.get_trace_summaries().filter_expression(filter);
        let request = request.start_time(time(start)).end_time(time(end));
        let mut pages = request.into_paginator().send();
        // The first page has the newest traces.
        while ids.len() < limit
            && let Some(page) = pages.next().await
        {
            let page = page.context("cannot search traces in X-Ray")?;
            let matching = page.trace_summaries().iter().filter(|summary| is_wanted(summary));
            let found = matching.filter_map(TraceSummary::id).map(str::to_owned);
            ids.extend(found.filter(|id| known.insert(id.clone())));
        }
        end = start;
    }
    ids.truncate(limit);
    Ok(ids)
}

fn time(time: DateTime<Utc>) -> XRayTime {
    XRayTime::from_secs(time.timestamp())
}

/// Returns whether something in a trace failed or was refused.
///
/// The marks of X-Ray are those of the root, which is the segment of Lambda. It has none when a function responds with an
/// error: <https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html>. The functions annotate such a trace
/// with the rule.
fn is_problem(summary: &TraceSummary) -> bool {
    let marks = [summary.has_error, summary.has_fault, summary.has_throttle];
    let annotations = summary.annotations();
    marks.contains(&Some(true)) || annotations.is_some_and(|annotations| annotations.contains_key("rule"))
}

/// Reads whole traces. A trace that X-Ray does not have is left out.
async fn get(client: &Client, ids: &[String]) -> Result<Vec<Trace>> {
    let mut traces = Vec::new();
    for some in ids.chunks(TRACES_PER_REQUEST) {
        let request = client.batch_get_traces().set_trace_ids(Some(some.to_vec()));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for trace in page.context("cannot read traces from X-Ray")?.traces.unwrap_or_default() {
                let documents = trace.segments().iter().filter_map(|segment| segment.document());
                let is_truncated = trace.limit_exceeded.unwrap_or_default();
                traces.extend(trace.id().and_then(|id| Trace::of(id, documents, is_truncated)));
            }
        }
    }
    Ok(traces)
}
