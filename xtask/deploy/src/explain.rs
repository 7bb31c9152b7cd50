//! Explains what happened to a request or a restore, from the id that a client or an alarm has.

mod gateway;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use openapi::telemetry::{Rule, Summary};
use serde::Serialize;
use stack::{Environment, FunctionName};

use crate::connection::Connection;
use crate::logs::{self, AccessLine, Entry, Subject};

/// What is known about a request.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What happened, in the order of time: gateway, decision, request, restores.
    pub events: Vec<Event>,
    /// What made it fail, or which rule refused it, the first of all events.
    pub reason: Option<Reason>,
    /// The traces of the events.
    pub traces: Vec<String>,
}

/// What the gateway or a function did.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The function that handled it. Without one, it was API Gateway.
    pub function: Option<&'static str>,
    /// When it ended.
    pub time: DateTime<Utc>,
    /// What it was: `gateway`, `decision`, `request` or `restore`.
    pub kind: &'static str,
    /// How it ended.
    pub outcome: String,
    /// Whether it failed or was refused, or left something undone.
    pub is_problem: bool,
    /// What the summary says about it, by field.
    pub details: BTreeMap<&'static str, String>,
}

/// Why something failed or was refused.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The name of the rule.
    pub rule: String,
    /// What it means.
    pub meaning: String,
    /// The error behind it.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: String,
}

/// The fields of a summary that are part of an explanation.
const DETAILS: [&str; 17] = [
    "route",
    "status",
    "organization",
    "dataset",
    "dataset_id",
    "package",
    "package_id",
    "requested",
    "accepted",
    "message_id",
    "receives",
    "restored_packages",
    "packages_left_deleted",
    "reasons",
    "retry_in_seconds",
    "latency",
    "restore_duration",
];

/// Explains the request or the message with this id, which was logged since a time.
///
/// Returns the explanation with all lines of the functions' log, in order. Without events, nothing is known.
pub async fn explain(
    environment: &Environment,
    connection: &Connection,
    from: DateTime<Utc>,
    id: &str,
) -> Result<(Explanation, Vec<Entry>)> {
    let entries = logs::about(environment, connection, from, &Subject::Request(id.to_owned())).await?;
    // The id may be that of a message or a trace.
    let request_id = entries.iter().find_map(Entry::request).unwrap_or(id);
    let access = logs::find_access(environment, connection, from, request_id).await?;
    Ok((Explanation::of(&entries, access.as_ref()), entries))
}

impl Explanation {
    fn of(entries: &[Entry], access: Option<&AccessLine>) -> Self {
        let summaries: Vec<(&Entry, Summary)> =
            entries.iter().filter_map(|entry| Some((entry, summary_of(entry)?))).collect();
        let mut traces: Vec<String> = entries.iter().filter_map(Entry::trace).map(str::to_owned).collect();
        traces.sort_unstable();
        traces.dedup();
        Self {
            events: access
                .map(gateway::event)
                .into_iter()
                .chain(summaries.iter().map(|(entry, summary)| event(entry, *summary)))
                .collect(),
            reason: summaries
                .iter()
                .find_map(|(entry, _)| reason(entry))
                .or_else(|| access.and_then(gateway::reason))
                .or_else(|| left_deleted(entries)),
            traces,
        }
    }
}

fn summary_of(entry: &Entry) -> Option<Summary> {
    let message = entry.text("message")?;
    let summary = Summary::ALL.into_iter().find(|summary| summary.message() == message)?;
    entry.text("outcome").map(|_| summary)
}

fn event(entry: &Entry, summary: Summary) -> Event {
    let outcome = entry.text("outcome").unwrap_or_default().to_owned();
    let details = DETAILS.iter().filter_map(|field| Some((*field, entry.display(field)?)));
    Event {
        function: Some(match summary {
            Summary::Request => FunctionName::Api.as_str(),
            Summary::Restore => FunctionName::Restore.as_str(),
            Summary::Decision => FunctionName::Authorizer.as_str(),
        }),
        time: entry.time,
        kind: summary.message(),
        is_problem: entry.text("rule").is_some() || entry.is_problem(),
        outcome,
        details: details.collect(),
    }
}

fn reason(entry: &Entry) -> Option<Reason> {
    let name = entry.text("rule")?;
    let known = Rule::named(name);
    let cause = entry.text("cause").map(str::to_owned);
    Some(Reason {
        rule: name.to_owned(),
        meaning: known.map_or("a rule that this program does not know", Rule::meaning).to_owned(),
        cause,
        remedy: known.map_or("use the program of the deployed release", Rule::remedy).to_owned(),
    })
}

/// Returns why packages of a restore stayed deleted, which is no failure of its message.
fn left_deleted(entries: &[Entry]) -> Option<Reason> {
    let entry = entries.iter().find(|entry| entry.text("message") == Some("package stays deleted"))?;
    let reason = entry.text("reason").unwrap_or("the reason was not logged");
    let package = entry.display("package_id").unwrap_or_default();
    Some(Reason {
        rule: "left-deleted".to_owned(),
        meaning: "a package could not be restored, and stayed deleted".to_owned(),
        cause: Some(format!("package {package}: {reason}")),
        remedy: "see restore-left-deleted in docs/runbook.md".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};
    use stack::FunctionName;

    use super::{Entry, Explanation};
    use crate::logs::access_line;

    fn entries(lines: &[Value]) -> Vec<Entry> {
        let entry = |line: &Value| {
            let function = match line["message"].as_str() {
                Some("request") => FunctionName::Api,
                Some("decision") => FunctionName::Authorizer,
                _ => FunctionName::Restore,
            };
            Entry::new(function, DateTime::UNIX_EPOCH, &line.to_string())
        };
        lines.iter().map(entry).collect()
    }

    #[test]
    fn refused_request_is_explained_by_its_rule() {
        let explanation = Explanation::of(
            &entries(&[
                json!({"message": "decision", "outcome": "admitted", "request_id": "r", "trace_id": "1-a"}),
                json!({"message": "request", "outcome": "refused", "rule": "role", "status": 403, "trace_id": "1-b",
                "route": "POST /restore", "cause": "this needs the role Editor", "request_id": "r"}),
            ]),
            Some(&access_line("POST /restore", "403", "-")),
        );
        let reason = explanation.reason.unwrap();
        assert_eq!(
            (reason.rule.as_str(), reason.cause.as_deref()),
            ("role", Some("this needs the role Editor"))
        );
        assert!(reason.meaning.contains("too low"));
        assert_eq!(
            explanation.events.iter().map(|event| event.is_problem).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert_eq!(explanation.events[2].details["status"], "403");
        assert_eq!(explanation.traces, ["1-a", "1-b"]);
    }

    #[test]
    fn restore_that_left_a_package_deleted_is_explained() {
        let explanation = Explanation::of(
            &entries(&[
                json!({"message": "package stays deleted", "level": "ERROR", "package_id": 7, "reason": "it has no delete record"}),
                json!({"message": "restore", "level": "WARN", "outcome": "restored", "reasons": {"no-record": 1}}),
            ]),
            None,
        );
        assert_eq!(explanation.reason.unwrap().cause.as_deref(), Some("package 7: it has no delete record"));
        assert!(explanation.events[0].is_problem);
    }

    #[test]
    fn other_lines_with_the_same_message_are_no_events() {
        let explanation =
            Explanation::of(&entries(&[json!({"message": "request"}), json!({"other": 1})]), None);
        assert_eq!(explanation, Explanation::default());
    }

    #[test]
    fn rejection_of_the_gateway_is_explained_without_a_line_of_a_function() {
        for (status, error_type, rule) in [
            ("401", "UNAUTHORIZED", "gateway-unauthorized"),
            ("403", "ACCESS_DENIED", "gateway-forbidden"),
            ("404", "MISSING_AUTHENTICATION_TOKEN", "gateway-unknown-route"),
            ("429", "THROTTLED", "gateway-throttled"),
            ("503", "INTEGRATION_TIMEOUT", "gateway-timeout"),
            ("418", "OTHER", "gateway"),
        ] {
            let explanation = Explanation::of(&[], Some(&access_line("-", status, error_type)));
            let reason = explanation.reason.unwrap();
            assert_eq!((reason.rule.as_str(), reason.cause.as_deref()), (rule, Some(error_type)));
            let event = &explanation.events[0];
            assert!(event.is_problem && event.function.is_none());
            assert_eq!(event.details.get("route"), None);
        }
    }
}
