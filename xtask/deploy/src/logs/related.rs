//! Finds everything that was logged about one request or one package.
//!
//! CloudWatch Logs searches for a text, so the lines are found in two steps: those that name the request or the
//! package, and then those with the ids of their traces, messages and invocations.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatchlogs::Client;
use chrono::{DateTime, Utc};

use super::entry::Entry;
use super::groups::Group;

/// The number of ids that are followed: a package may have been restored very often.
const MAXIMUM_IDS: usize = 40;
/// The time limit of one search of one log.
const SEARCH_TIME: Duration = Duration::from_mins(5);

/// What lines are searched for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A request, by the id of API Gateway, or the restore of a message, by its id.
    Request(String),
    /// A package, by its node id or by its id in the tables of its organization.
    Package(String),
}

impl Subject {
    fn text(&self) -> &str {
        match self {
            Self::Request(id) | Self::Package(id) => id,
        }
    }

    /// Returns whether a line itself names the subject. The search finds the text anywhere in a line.
    fn is_in(&self, entry: &Entry) -> bool {
        match self {
            Self::Request(id) => {
                let ids = [entry.request(), entry.invocation(), entry.message()];
                ids.contains(&Some(id.as_str())) || entry.trace() == Some(id)
            }
            Self::Package(id) => {
                entry.text("package") == Some(id)
                    || entry.number("package_id").is_some_and(|number| number.to_string() == *id)
            }
        }
    }
}

/// Returns all lines about a subject since a time, in order.
pub(super) async fn find(
    client: &Client,
    groups: &[Group],
    from: DateTime<Utc>,
    subject: &Subject,
) -> Result<Vec<Entry>> {
    let mut found = Found::default();
    found.search(client, groups, from, subject.text(), |entry| subject.is_in(entry)).await?;
    let mut followed = BTreeSet::from([subject.text().to_owned()]);
    // A trace leads to messages, and a message to its own lines: three steps reach all of them.
    for _ in 0..3 {
        let ids: Vec<String> = found.ids().filter(|id| !followed.contains(id)).take(MAXIMUM_IDS).collect();
        if ids.is_empty() || followed.len() > MAXIMUM_IDS {
            break;
        }
        for id in ids {
            found.search(client, groups, from, &id, |entry| entry.has_id(&id)).await?;
            followed.insert(id);
        }
    }
    Ok(found.in_order())
}

/// Returns the pattern that finds an id anywhere in a line.
pub(super) fn search_pattern(id: &str) -> Result<String> {
    let is_part = |it: char| it.is_ascii_graphic() && it != '"' && it != '\\';
    ensure!(!id.is_empty() && id.chars().all(is_part), "{id:?} is not an id");
    Ok(format!("\"{id}\""))
}

/// The lines that were found, by the id of their event.
#[derive(Default)]
struct Found {
    ids: BTreeSet<String>,
    entries: Vec<Entry>,
}

impl Found {
    /// Returns the ids by which more lines can be found.
    fn ids(&self) -> impl Iterator<Item = String> {
        let ids = |entry: &Entry| {
            let invocation = entry.is_only_of_invocation_or_request().then(|| entry.invocation()).flatten();
            [entry.trace(), entry.message(), entry.request(), invocation].map(|id| id.map(str::to_owned))
        };
        let ids: BTreeSet<String> = self.entries.iter().flat_map(ids).flatten().collect();
        ids.into_iter()
    }

    async fn search(
        &mut self,
        client: &Client,
        groups: &[Group],
        from: DateTime<Utc>,
        text: &str,
        is_wanted: impl Fn(&Entry) -> bool,
    ) -> Result<()> {
        let pattern = search_pattern(text)?;
        for group in groups {
            let mut pages = client
                .filter_log_events()
                .log_group_name(&group.name)
                .start_time(from.timestamp_millis())
                .filter_pattern(&pattern)
                .into_paginator()
                .send();
            let search = async {
                while let Some(page) = pages.next().await {
                    let page = page.with_context(|| format!("cannot read the log {}", group.name))?;
                    for event in page.events.unwrap_or_default() {
                        let time =
                            event.timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
                        let message = event.message.unwrap_or_default();
                        let entry = Entry::new(group.function, time, &message);
                        if is_wanted(&entry) && self.ids.insert(event.event_id.unwrap_or(message)) {
                            self.entries.push(entry);
                        }
                    }
                }
                Ok::<_, anyhow::Error>(())
            };
            let searched = tokio::time::timeout(SEARCH_TIME, search).await;
            searched.with_context(|| format!("searching the log {} takes too long", group.name))??;
        }
        Ok(())
    }

    fn in_order(mut self) -> Vec<Entry> {
        self.entries.sort_by_key(Entry::order);
        self.entries
    }
}
