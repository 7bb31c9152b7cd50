//! Logs one line per request.
//!
//! Only the names of query parameters are logged, because their values may be signed URLs. Headers are not logged,
//! because they may hold tokens.

use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use url::form_urlencoded;

use super::recent::ServedRequest;
use super::request::RequestId;

/// The data of a log line, collected until the request has a response.
pub(super) struct AccessLogEntry {
    id: RequestId,
    method: Method,
    path: String,
    parameters: String,
    arrived: DateTime<Utc>,
    started: Instant,
    /// Key of the route, if a route matches.
    pub(super) route: Option<String>,
}

impl AccessLogEntry {
    pub(super) fn new<B>(id: &RequestId, request: &Request<B>) -> Self {
        Self {
            id: id.clone(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            parameters: parameter_names(request.uri().query().unwrap_or_default()),
            arrived: Utc::now(),
            started: Instant::now(),
            route: None,
        }
    }

    pub(super) fn finish(self, response: &Response<Bytes>) -> ServedRequest {
        let (status, elapsed) = (response.status().as_u16(), self.started.elapsed());
        let time = elapsed.as_millis();
        tracing::info!(target: machine::ACTIVITY, "{} {} → {status}, {time} ms", self.method, self.path);
        tracing::info!(
            request_id = self.id.as_str(),
            method = %self.method,
            path = self.path,
            parameters = self.parameters,
            route = self.route,
            status,
            bytes = response.body().len(),
            milliseconds = time,
            "request"
        );
        ServedRequest {
            id: self.id.as_str().to_owned(),
            time: self.arrived,
            method: self.method.to_string(),
            path: self.path,
            route: self.route,
            status,
            duration: elapsed.as_secs_f64() * 1e3,
        }
    }
}

/// Returns the names of the parameters in a query, separated by commas.
///
/// If a client forgets to encode a signed URL, the parameters of that URL become part of the query. Their names in
/// the log show the mistake.
fn parameter_names(query: &str) -> String {
    let names: Vec<_> = form_urlencoded::parse(query.as_bytes())
        // A parameter without a value may itself be a value, so its name is not logged.
        .map(|(name, value)| if value.is_empty() { "?".into() } else { name })
        .collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_not_logged() {
        let names = parameter_names(
            "dataset_id=N%3Adataset%3A1&presigned_url=https%3A%2F%2Fs&X-Amz-Signature=5ec3e7",
        );
        assert_eq!(names, "dataset_id,presigned_url,X-Amz-Signature");
        assert_eq!(parameter_names("eyJhbGciOi.5ec3e7&a=1"), "?,a");
        assert_eq!(parameter_names(""), "");
    }
}
