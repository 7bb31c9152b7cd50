//! Reads the traces of X-Ray.

mod tree;

use anyhow::{Context, Result};
use aws_sdk_xray::types::{AnnotationValue, TraceSummary};
use chrono::{DateTime, Utc};
use openapi::telemetry::TraceId;
use serde::Serialize;
use stack::Environment;

pub use self::tree::{Span, SpanFailure, Trace};
use crate::connection::Connection;
use crate::logs::{self, Entry, Subject};

/// The number of traces in one call:
/// <https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html>.
const TRACES_PER_CALL: usize = 5;

/// A trace in a list.
#[derive(Debug, PartialEq, Serialize)]
pub struct TraceInList {
    /// The id.
    pub id: String,
    /// When the trace began.
    pub began: DateTime<Utc>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether a part of it failed.
    pub has_fault: bool,
    /// Whether a part of it was refused or throttled.
    pub has_error: bool,
    /// What its parts were: routes of requests, or none for a decision or a message.
    pub routes: Vec<String>,
    /// How its events ended.
    pub outcomes: Vec<String>,
}

/// Returns the traces that began since a time, the newest first.
pub async fn list(connection: &Connection, from: DateTime<Utc>) -> Result<Vec<TraceInList>> {
    let time = |time: DateTime<Utc>| aws_sdk_xray::primitives::DateTime::from_secs(time.timestamp());
    let client = connection.xray();
    let request = client.get_trace_summaries().start_time(time(from)).end_time(time(Utc::now()));
    let mut pages = request.into_paginator().send();
    let mut traces = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.context("cannot list the traces of X-Ray")?;
        traces.extend(page.trace_summaries.unwrap_or_default().into_iter().filter_map(in_list));
    }
    traces.sort_by_key(|trace: &TraceInList| std::cmp::Reverse(trace.began));
    Ok(traces)
}

fn in_list(summary: TraceSummary) -> Option<TraceInList> {
    let id = summary.id?;
    let began = match summary.start_time {
        Some(time) => DateTime::from_timestamp(time.secs(), time.subsec_nanos())?,
        None => DateTime::from_timestamp(id.parse::<TraceId>().ok()?.unix_seconds().into(), 0)?,
    };
    let texts = |key: &str| {
        let values = summary.annotations.as_ref().and_then(|annotations| annotations.get(key));
        let values = values.into_iter().flatten().filter_map(|value| value.annotation_value.as_ref());
        let mut texts: Vec<String> = values.filter_map(text_of).collect();
        texts.dedup();
        texts
    };
    Some(TraceInList {
        routes: texts("route"),
        outcomes: texts("outcome"),
        id,
        began,
        seconds: summary.duration.unwrap_or_default(),
        has_fault: summary.has_fault.unwrap_or_default(),
        has_error: summary.has_error.unwrap_or_default() || summary.has_throttle.unwrap_or_default(),
    })
}

fn text_of(value: &AnnotationValue) -> Option<String> {
    value.as_string_value().ok().cloned()
}

/// Returns the ids of the traces of a trace, a request, a message or an invocation with this id.
///
/// Logs name the trace of each line. They know also traces that X-Ray has not sampled.
pub async fn ids_of(
    environment: &Environment,
    connection: &Connection,
    from: DateTime<Utc>,
    id: &str,
) -> Result<Vec<String>> {
    if id.parse::<TraceId>().is_ok() {
        return Ok(vec![id.to_owned()]);
    }
    let entries = logs::about(environment, connection, from, &Subject::Request(id.to_owned())).await?;
    let mut ids: Vec<String> = Vec::new();
    for id in entries.iter().filter_map(Entry::trace) {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

/// Returns whole traces. Those that X-Ray does not have are missing.
pub async fn get(connection: &Connection, ids: &[String]) -> Result<Vec<Trace>> {
    let client = connection.xray();
    let mut traces = Vec::new();
    for some in ids.chunks(TRACES_PER_CALL) {
        let mut pages = client.batch_get_traces().set_trace_ids(Some(some.to_vec())).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.context("cannot read the traces of X-Ray")?;
            for trace in page.traces.unwrap_or_default() {
                let documents = trace.segments.unwrap_or_default();
                let documents = documents.iter().filter_map(|segment| segment.document.as_deref());
                traces.push(Trace::new(trace.id.unwrap_or_default(), documents));
            }
        }
    }
    Ok(traces)
}
