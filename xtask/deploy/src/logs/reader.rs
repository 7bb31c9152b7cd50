//! Reads the log groups of several functions as one log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use chrono::{DateTime, TimeDelta, Utc};

use super::entry::Entry;
use super::groups::Group;
use super::requests::Requests;
use crate::operator::Operator;

/// How far each read goes back.
///
/// CloudWatch Logs may return a line later than a newer one.
const OVERLAP: TimeDelta = TimeDelta::seconds(15);
/// The longest pause after throttled requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Several log groups, merged by time.
pub(super) struct Reader {
    client: Client,
    groups: Vec<GroupReader>,
    /// Which events CloudWatch Logs returns.
    pattern: Option<&'static str>,
    operator: Arc<dyn Operator>,
}

/// The position in one log group.
struct GroupReader {
    group: Group,
    /// The start of the next read.
    from: DateTime<Utc>,
    /// The IDs and times of the events that were read since then.
    seen: HashMap<String, DateTime<Utc>>,
    /// Lines that were read but not returned yet.
    entries: VecDeque<Entry>,
    page: Page,
}

/// The next page of the current read.
enum Page {
    First,
    Next(String),
    None,
}

impl Reader {
    pub(super) fn new(
        client: Client,
        groups: Vec<Group>,
        from: DateTime<Utc>,
        pattern: Option<&'static str>,
        operator: Arc<dyn Operator>,
    ) -> Self {
        let reader = |group| GroupReader {
            group,
            from,
            seen: HashMap::new(),
            entries: VecDeque::new(),
            page: Page::First,
        };
        Self { client, groups: groups.into_iter().map(reader).collect(), pattern, operator }
    }

    /// Returns the next line, or `None` at the end of what exists. The next call then reads again.
    pub(super) async fn next(&mut self, requests: &mut Requests) -> Result<Option<Entry>> {
        for group in &mut self.groups {
            // The oldest line can be determined only with one line of each group.
            while group.entries.is_empty()
                && group.read_page(&self.client, self.pattern, requests, &*self.operator).await?
            {}
        }
        let first = |group: &&mut GroupReader| group.entries.front().map(Entry::order);
        let oldest = self.groups.iter_mut().filter(|group| !group.entries.is_empty()).min_by_key(first);
        let entry = oldest.and_then(|group| group.entries.pop_front());
        if entry.is_none() {
            self.groups.iter_mut().for_each(GroupReader::restart);
        }
        Ok(entry)
    }
}

impl GroupReader {
    /// Reads the next page, if there is one. Returns whether it did.
    async fn read_page(
        &mut self,
        client: &Client,
        pattern: Option<&str>,
        requests: &mut Requests,
        operator: &dyn Operator,
    ) -> Result<bool> {
        let token = match &self.page {
            Page::First => None,
            Page::Next(token) => Some(token.clone()),
            Page::None => return Ok(false),
        };
        let response = self.request_page(client, pattern, token, operator).await?;
        self.page = response.next_token.filter(|token| !token.is_empty()).map_or(Page::None, Page::Next);
        for event in response.events.unwrap_or_default() {
            let time = event.timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
            let id = event.event_id.unwrap_or_default();
            if self.seen.insert(id, time).is_none() {
                let entry = Entry::new(self.group.function, time, &event.message.unwrap_or_default());
                requests.record(&entry);
                self.entries.push_back(entry);
            }
        }
        let next_start = self.next_start();
        self.seen.retain(|_, time| *time >= next_start);
        Ok(true)
    }

    /// Returns the time from which the next read must look for late events.
    fn next_start(&self) -> DateTime<Utc> {
        let newest = self.seen.values().max();
        newest.map_or(self.from, |newest| (*newest - OVERLAP).max(self.from))
    }

    async fn request_page(
        &self,
        client: &Client,
        pattern: Option<&str>,
        token: Option<String>,
        operator: &dyn Operator,
    ) -> Result<FilterLogEventsOutput> {
        let request = client.filter_log_events().log_group_name(&self.group.name);
        let request = request.start_time(self.from.timestamp_millis()).set_next_token(token);
        let request = request.set_filter_pattern(pattern.map(str::to_owned));
        let mut pause = Duration::from_secs(1);
        loop {
            match request.clone().send().await {
                Err(error) if error.code() == Some("ThrottlingException") => {
                    let seconds = pause.as_secs();
                    operator.note(&format!(
                        "  CloudWatch Logs throttled the request; next attempt in {seconds} s"
                    ));
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                response => {
                    return response.with_context(|| format!("cannot read the log {}", self.group.name));
                }
            }
        }
    }

    /// Begins to read again from the overlap.
    fn restart(&mut self) {
        self.from = self.next_start();
        self.page = Page::First;
    }
}

#[cfg(test)]
mod tests;
