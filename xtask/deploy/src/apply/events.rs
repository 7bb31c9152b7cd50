//! Reads the events of a stack, each one once.

use std::collections::HashSet;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

/// The events of a stack that were read so far.
pub(crate) struct EventLog {
    client: Client,
    stack_id: String,
    seen: HashSet<String>,
    /// Events that were read but not returned yet.
    unread: Vec<StackEvent>,
}

impl EventLog {
    /// Starts a log that returns only events from now on.
    pub(crate) async fn begin(client: &Client, stack_id: &str) -> Result<Self> {
        // The newest event is enough, because reading stops at a known event.
        Ok(Self::after(client, stack_id, read_until(client, stack_id, |_| true).await?))
    }

    /// Starts a log that also returns the events of the current operation.
    ///
    /// The current operation begins with the last event that the whole stack is in progress, which may be that of the
    /// rollback of an earlier operation.
    pub(crate) async fn with_current_operation(client: &Client, stack_id: &str) -> Result<Self> {
        let events = read_until(client, stack_id, |event| begins_operation(stack_id, event)).await?;
        let mut log = Self::after(client, stack_id, events.clone());
        log.unread = events.into_iter().rev().collect();
        Ok(log)
    }

    fn after(client: &Client, stack_id: &str, known: Vec<StackEvent>) -> Self {
        let seen = known.into_iter().filter_map(|event| event.event_id).collect();
        Self { client: client.clone(), stack_id: stack_id.to_owned(), seen, unread: Vec::new() }
    }

    /// Returns the events that were not returned before, the oldest first.
    pub(crate) async fn new_events(&mut self) -> Result<Vec<StackEvent>> {
        let is_known = |event: &StackEvent| event.event_id().is_some_and(|id| self.seen.contains(id));
        let mut events = read_until(&self.client, &self.stack_id, is_known).await?;
        events.retain(|event| !is_known(event));
        events.reverse();
        self.seen.extend(events.iter().filter_map(|event| event.event_id.clone()));
        let mut events_to_return = std::mem::take(&mut self.unread);
        events_to_return.extend(events);
        Ok(events_to_return)
    }

    /// Returns the ARN of the stack.
    pub(crate) fn stack_id(&self) -> &str {
        &self.stack_id
    }

    /// Returns whether an event belongs to the stack itself.
    pub(crate) fn is_of_stack(&self, event: &StackEvent) -> bool {
        event.physical_resource_id() == Some(self.stack_id.as_str())
    }
}

/// Returns whether an event begins an operation on the whole stack.
fn begins_operation(stack_id: &str, event: &StackEvent) -> bool {
    let status = event.resource_status().map(ResourceStatus::as_str);
    event.physical_resource_id() == Some(stack_id)
        && status.is_some_and(|status| status.ends_with("_IN_PROGRESS"))
}

/// Returns the events from the newest back to the first that matches, inclusive.
///
/// Older pages are not requested.
async fn read_until(
    client: &Client,
    stack_id: &str,
    is_last: impl Fn(&StackEvent) -> bool,
) -> Result<Vec<StackEvent>> {
    let mut events = Vec::new();
    let mut token = None;
    loop {
        let page = client.describe_stack_events().stack_name(stack_id).set_next_token(token).send().await;
        let page = page.context("cannot read the stack's events")?;
        for event in page.stack_events.unwrap_or_default() {
            let ends = is_last(&event);
            events.push(event);
            if ends {
                return Ok(events);
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(events);
        }
    }
}
