//! Merges the documents of a trace.
//!
//! A subsegment can be inside of the document of its parent or in one of its own, which can arrive before that of the
//! parent, or without it. Parents may even form a cycle, because nobody checks them.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::DateTime;
use openapi::telemetry::SegmentId;

use super::document::{self, Work};
use super::span::{Span, Trace};

impl Trace {
    /// Merges documents. Returns `None` if none can be read.
    pub(super) fn of<'a>(
        id: &str,
        documents: impl Iterator<Item = &'a str>,
        is_truncated: bool,
    ) -> Option<Self> {
        let mut all = HashMap::new();
        let mut unreadable = 0;
        for text in documents {
            let parsed = document::parse(text);
            unreadable += parsed.unreadable;
            parsed.work.into_iter().filter(|work| !work.is_inferred).for_each(|work| keep(&mut all, work));
        }
        let start = all.values().map(|work| work.start).min_by(f64::total_cmp)?;
        let end = all.values().map(|work| work.end.unwrap_or(work.start)).max_by(f64::total_cmp)?;
        let spans: Vec<Span> =
            in_order(&all).into_iter().map(|(depth, work)| span(depth, work, start)).collect();
        Some(Self {
            id: id.to_owned(),
            start: DateTime::from_timestamp_micros(microseconds(start))?,
            duration: milliseconds(end - start),
            event: spans.iter().find_map(Span::event),
            failure: spans
                .iter()
                .filter(|span| span.depth == 0 || span.annotations.contains_key("outcome"))
                .filter_map(|span| span.failure)
                .max(),
            spans,
            unreadable,
            is_truncated,
        })
    }
}

/// Keeps the last version of a segment. One that has ended outweighs one that was in progress.
fn keep(all: &mut HashMap<SegmentId, Work>, work: Work) {
    match all.entry(work.id) {
        Entry::Vacant(entry) => _ = entry.insert(work),
        Entry::Occupied(mut entry) if work.end.is_some() || entry.get().end.is_none() => {
            entry.insert(work);
        }
        Entry::Occupied(_) => {}
    }
}

/// Returns all work with its depth: each before what it contains.
fn in_order(all: &HashMap<SegmentId, Work>) -> Vec<(usize, &Work)> {
    let mut children: HashMap<SegmentId, Vec<&Work>> = HashMap::new();
    let mut roots = Vec::new();
    for work in all.values() {
        match work.parent.filter(|parent| all.contains_key(parent)) {
            Some(parent) => children.entry(parent).or_default().push(work),
            None => roots.push(work),
        }
    }
    for some in children.values_mut() {
        some.sort_by(|one, other| by_time(one, other));
    }
    roots.sort_by(|one, other| by_time(one, other));
    // What is left after the roots is in a cycle, which begins with its earliest part.
    let mut others: Vec<&Work> = all.values().collect();
    others.sort_by(|one, other| by_time(one, other));

    let mut seen = HashSet::new();
    let mut ordered = Vec::new();
    for root in roots.into_iter().chain(others) {
        // Not recursive: a client can nest as deep as it wants.
        let mut waiting = vec![(0, root)];
        while let Some((depth, work)) = waiting.pop() {
            if !seen.insert(work.id) {
                continue;
            }
            ordered.push((depth, work));
            let inside = children.get(&work.id).map(Vec::as_slice).unwrap_or_default();
            waiting.extend(inside.iter().rev().map(|child| (depth + 1, *child)));
        }
    }
    ordered
}

fn by_time(one: &Work, other: &Work) -> Ordering {
    one.start.total_cmp(&other.start).then(one.id.cmp(&other.id))
}

fn span(depth: usize, work: &Work, start: f64) -> Span {
    Span {
        depth,
        name: work.name.clone(),
        origin: work.origin.clone(),
        detail: work.detail.clone(),
        start: milliseconds(work.start - start),
        duration: work.end.map(|end| milliseconds(end - work.start)),
        status: work.status,
        failure: work.failure,
        cause: work.cause.clone(),
        annotations: work.annotations.clone(),
    }
}

/// Returns milliseconds, to the microsecond: the times in documents are not more exact.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

#[expect(clippy::cast_possible_truncation, reason = "times in documents end in the year 3000")]
fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests;
