//! Tracks the progress of an operation on a stack.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use super::failure::explain;
use crate::operator::{Operator, ResourceChange, ResourceOutcome};

/// Where progress is reported to, and in how much detail.
#[derive(Clone, Copy)]
pub struct Reporter<'a> {
    /// The name of the environment, for commands in messages.
    pub environment: &'a str,
    pub operator: &'a dyn Operator,
    pub detail: Detail,
}

/// How much of the progress is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Only the result.
    Summary,
    /// Each resource with its duration.
    Resources,
}

/// The state of the resources during an operation.
pub(super) struct Progress<'a> {
    pub(super) reporter: Reporter<'a>,
    /// The resources that will change, or empty if unknown.
    ///
    /// The emulator also sends events of all other resources.
    expected: BTreeSet<String>,
    /// The resources being changed, with the time at which each began, in milliseconds.
    under_way: BTreeMap<String, i64>,
    completed: BTreeSet<String>,
    failures: Vec<StackEvent>,
    is_rolling_back: bool,
    /// Why CloudFormation began the rollback, if it said so.
    rollback_reason: Option<String>,
    /// What is watched after the last change, if anything is.
    pub(super) watch: Option<String>,
    /// The time of the first event, in milliseconds.
    began: Option<i64>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(reporter: Reporter<'a>, expected: BTreeSet<String>) -> Self {
        let (under_way, failures) = (BTreeMap::new(), Vec::new());
        Self {
            reporter,
            expected,
            under_way,
            completed: BTreeSet::new(),
            failures,
            is_rolling_back: false,
            rollback_reason: None,
            watch: None,
            began: None,
        }
    }

    /// Reports that the operation has begun.
    pub(super) fn begin(&self, title: &str) -> Box<dyn machine::Step> {
        self.reporter.operator.begin(title)
    }

    /// Returns how many resources are complete, and out of how many if that is known.
    fn done(&self) -> String {
        match self.expected.len() {
            0 => format!("{} resources", self.completed.len()),
            all => format!("{} of {all} resources", self.completed.len()),
        }
    }

    /// Returns how many resources the operation changed, once it is complete.
    ///
    /// A change set also lists resources because a value that they refer to may change. If it does not, they stay as they
    /// are, and CloudFormation sends no event of them.
    pub(super) fn result(&self) -> String {
        let completed = self.completed.len();
        let resources = if completed == 1 { "resource" } else { "resources" };
        match self.expected.len().saturating_sub(completed) {
            0 => format!("{completed} {resources}"),
            kept => format!("{completed} {resources}, {kept} needed no change"),
        }
    }

    /// Returns a message with how the operation ended, and why.
    pub(super) async fn explain(&self, client: &Client, stack_name: &str, end: &StackEvent) -> String {
        let began = self.began.unwrap_or_default();
        // The last event may have an empty reason.
        let is_given = |reason: &&str| !reason.is_empty();
        let reason = end.resource_status_reason().filter(is_given);
        let reason = reason.or(self.rollback_reason.as_deref().filter(is_given));
        explain(client, self.reporter.environment, (stack_name, end, reason), &self.failures, began).await
    }

    /// Describes what is being changed now, on one line.
    pub(super) fn under_way(&self) -> String {
        if let Some(watch) =
            self.watch.as_ref().filter(|_| self.under_way.is_empty() && !self.is_rolling_back)
        {
            return format!("{}  {watch}", self.done());
        }
        let names: Vec<&str> = self.under_way.keys().map(String::as_str).take(3).collect();
        let more = self.under_way.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}  {}{more}", self.done(), names.join(", "))
    }

    /// Records and reports an event of a resource.
    pub(super) fn note(&mut self, event: StackEvent) {
        let id = event.logical_resource_id().unwrap_or_default().to_owned();
        let time = milliseconds(&event);
        self.began.get_or_insert(time);
        let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
        let failed = status.ends_with("_FAILED");
        if !failed && !self.expected.is_empty() && !self.expected.contains(&id) {
            return;
        }
        if status.ends_with("_IN_PROGRESS") {
            self.under_way.entry(id).or_insert(time);
            return;
        }
        let began = self.under_way.remove(&id).unwrap_or(time);
        let duration = Duration::from_millis(u64::try_from(time - began).unwrap_or_default());
        // A resource that is replaced or rolled back completes more than once.
        let is_known = !failed && self.completed.contains(&id);
        if self.reporter.detail == Detail::Resources && !self.is_rolling_back && !is_known {
            let outcome = match status {
                _ if failed => ResourceOutcome::Failed,
                "DELETE_SKIPPED" => ResourceOutcome::Kept,
                _ => ResourceOutcome::Done,
            };
            let resource_type = event.resource_type().unwrap_or_default();
            let change = ResourceChange { logical_id: &id, resource_type, outcome, duration };
            self.reporter.operator.resource(&change);
        }
        if failed {
            self.failures.push(event);
        } else if !self.is_rolling_back && status.ends_with("_COMPLETE") {
            self.completed.insert(id);
        }
    }

    /// Records and reports an event of the whole stack.
    pub(super) fn note_stack(&mut self, event: &StackEvent) {
        self.began.get_or_insert(milliseconds(event));
        let status = event.resource_status().map(ResourceStatus::as_str).unwrap_or_default();
        if status.contains("ROLLBACK_IN_PROGRESS") && !self.is_rolling_back {
            self.is_rolling_back = true;
            self.rollback_reason = event.resource_status_reason().map(str::to_owned);
            if self.reporter.detail == Detail::Resources {
                self.reporter.operator.rolling_back();
            }
        }
    }
}

fn milliseconds(event: &StackEvent) -> i64 {
    event.timestamp().and_then(|time| time.to_millis().ok()).unwrap_or_default()
}
