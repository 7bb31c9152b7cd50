//! The events of a stack, each once.

use std::collections::HashSet;

use anyhow::{Context, Result};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

/// What was read of a stack's events.
pub(crate) struct EventLog {
    client: Client,
    stack_id: String,
    seen: HashSet<String>,
    /// Known already, but not told yet.
    unread: Vec<StackEvent>,
}

impl EventLog {
    /// The events that come from now on.
    pub(crate) async fn begin(client: &Client, stack_id: &str) -> Result<Self> {
        // The newest one is enough: reading ends where it meets it.
        Ok(Self::after(client, stack_id, read_until(client, stack_id, |_| true).await?))
    }

    /// The events of what the stack is at now: from the last time that something began with the whole stack, be it the
    /// rollback of what began before.
    pub(crate) async fn of_current_operation(client: &Client, stack_id: &str) -> Result<Self> {
        let events = read_until(client, stack_id, |event| begins_operation(stack_id, event)).await?;
        let mut log = Self::after(client, stack_id, events.clone());
        log.unread = events.into_iter().rev().collect();
        Ok(log)
    }

    fn after(client: &Client, stack_id: &str, known: Vec<StackEvent>) -> Self {
        let seen = known.into_iter().filter_map(|event| event.event_id).collect();
        Self { client: client.clone(), stack_id: stack_id.to_owned(), seen, unread: Vec::new() }
    }

    /// Those that were not read before, the oldest first.
    pub(crate) async fn fresh(&mut self) -> Result<Vec<StackEvent>> {
        let is_known = |event: &StackEvent| event.event_id().is_some_and(|id| self.seen.contains(id));
        let mut events = read_until(&self.client, &self.stack_id, is_known).await?;
        events.retain(|event| !is_known(event));
        events.reverse();
        self.seen.extend(events.iter().filter_map(|event| event.event_id.clone()));
        let mut fresh = std::mem::take(&mut self.unread);
        fresh.extend(events);
        Ok(fresh)
    }

    /// The stack, by its ARN.
    pub(crate) fn stack_id(&self) -> &str {
        &self.stack_id
    }

    /// Whether an event is that of the stack itself.
    pub(crate) fn is_of_stack(&self, event: &StackEvent) -> bool {
        event.physical_resource_id() == Some(self.stack_id.as_str())
    }
}

/// Whether an event says that something begins with the whole stack.
fn begins_operation(stack_id: &str, event: &StackEvent) -> bool {
    let status = event.resource_status().map(ResourceStatus::as_str);
    event.physical_resource_id() == Some(stack_id)
        && status.is_some_and(|status| status.ends_with("_IN_PROGRESS"))
}

/// The events from the newest to the first one, inclusively, of which this is true; older pages are not asked for.
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
