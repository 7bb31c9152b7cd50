//! The access log of API Gateway, which has a line for each request, also for one that reaches no function.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use stack::Environment;

use super::related::search_pattern;
use crate::connection::Connection;
use crate::stack_resources;

/// The beginning of the names of log groups that API Gateway delivers to.
const DELIVERED_GROUPS: &str = "/aws/vendedlogs/apis/";

/// A line of the access log. A field without a value is `-`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessLine {
    request_id: String,
    route_key: String,
    status: String,
    error_type: String,
    response_latency: String,
    /// When the line was delivered.
    #[serde(skip)]
    pub(crate) time: DateTime<Utc>,
}

impl AccessLine {
    fn parse(message: &str, time: DateTime<Utc>) -> Option<Self> {
        Some(Self { time, ..serde_json::from_str(message).ok()? })
    }

    /// Returns why API Gateway itself responded, if it did:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>.
    pub(crate) fn rejection(&self) -> Option<&str> {
        known(&self.error_type)
    }

    /// Returns the status of the response.
    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    /// Returns the fields for people, by the names that the log lines of functions use.
    pub(crate) fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("route", &self.route_key),
            ("status", &self.status),
            ("rejection", &self.error_type),
            ("latency", &self.response_latency),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, known(value)?)))
    }
}

fn known(value: &str) -> Option<&str> {
    Some(value).filter(|value| !matches!(*value, "-" | ""))
}

/// Returns the line of a request, if API Gateway has delivered it since a time.
pub(crate) async fn find(
    environment: &Environment,
    connection: &Connection,
    from: DateTime<Utc>,
    request_id: &str,
) -> Result<Option<AccessLine>> {
    let stack_name = stack::stack_name(environment);
    let resources = stack_resources::list(&connection.cloudformation(), &stack_name).await?;
    let names = resources.iter().filter_map(|resource| resource.physical_resource_id());
    let Some(group) = names.into_iter().find(|name| name.starts_with(DELIVERED_GROUPS)) else {
        return Ok(None);
    };
    let request = connection.cloudwatch_logs().filter_log_events().log_group_name(group);
    let request = request.start_time(from.timestamp_millis()).filter_pattern(search_pattern(request_id)?);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("cannot read the access log {group}"))?;
        for event in page.events.unwrap_or_default() {
            let time = event.timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
            let line = AccessLine::parse(&event.message.unwrap_or_default(), time);
            if let Some(line) = line.filter(|line| line.request_id == request_id) {
                return Ok(Some(line));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
pub(crate) fn testing(route: &str, status: &str, error_type: &str) -> AccessLine {
    let line = serde_json::json!({
        "requestId": "r", "routeKey": route, "status": status, "errorType": error_type, "responseLatency": "2",
        "protocol": "HTTP/1.1",
    });
    AccessLine::parse(&line.to_string(), DateTime::UNIX_EPOCH).unwrap_or_else(|| unreachable!())
}
