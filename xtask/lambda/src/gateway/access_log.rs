//! Logs one line per request: for people, and in the access log of the stage.
//!
//! Only the names of query parameters are logged, because their values may be signed URLs. Headers are not logged,
//! because they may hold tokens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use url::form_urlencoded;

use super::recent::ServedRequest;
use super::rejection::Rejection;
use super::request::RequestId;
use crate::control_plane::{AccessLog, AccessLogFormat, AccessLogVariable};
use crate::pool::{FunctionPool, LogSink, LogStream};

/// The data of a log line, collected until the request has a response.
pub(super) struct AccessLogEntry {
    id: RequestId,
    peer: SocketAddr,
    method: Method,
    path: String,
    parameters: String,
    received: DateTime<Utc>,
    started: Instant,
    /// Key of the route, if a route matches.
    pub(super) route: Option<String>,
    /// How long the function took, if it was invoked.
    pub(super) integration_latency: Option<Duration>,
    /// Why the gateway itself responded.
    pub(super) rejection: Option<Rejection>,
}

impl AccessLogEntry {
    pub(super) fn new<B>(id: &RequestId, peer: SocketAddr, request: &Request<B>) -> Self {
        Self {
            id: id.clone(),
            peer,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            parameters: parameter_names(request.uri().query().unwrap_or_default()),
            received: Utc::now(),
            started: Instant::now(),
            route: None,
            integration_latency: None,
            rejection: None,
        }
    }

    pub(super) fn finish(
        self,
        response: &Response<Bytes>,
        writer: Option<&AccessLogWriter>,
    ) -> ServedRequest {
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
        if let Some(AccessLogWriter { format, stream, sink }) = writer {
            sink.take(stream, format.line(|variable| self.value(variable, response)).as_bytes());
        }
        ServedRequest {
            id: self.id.as_str().to_owned(),
            time: self.received,
            method: self.method.to_string(),
            path: self.path,
            route: self.route,
            status,
            duration: elapsed.as_secs_f64() * 1e3,
        }
    }

    fn value(&self, variable: AccessLogVariable, response: &Response<Bytes>) -> Option<String> {
        Some(match variable {
            AccessLogVariable::ErrorResponseType => self.rejection?.response_type().to_owned(),
            AccessLogVariable::IntegrationLatency => self.integration_latency?.as_millis().to_string(),
            // The pool has no id of an invocation that it has not finished.
            AccessLogVariable::IntegrationRequestId => return None,
            // "the status code returned from AWS Lambda, not from the backend Lambda function":
            // https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
            AccessLogVariable::IntegrationStatus => self.integration_latency.map(|_| "200".to_owned())?,
            AccessLogVariable::HttpMethod => self.method.to_string(),
            AccessLogVariable::SourceIp => self.peer.ip().to_string(),
            AccessLogVariable::Protocol => "HTTP/1.1".to_owned(),
            AccessLogVariable::RequestId => self.id.as_str().to_owned(),
            AccessLogVariable::RequestTime => self.received.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            AccessLogVariable::ResponseLatency => self.started.elapsed().as_millis().to_string(),
            AccessLogVariable::ResponseLength => response.body().len().to_string(),
            AccessLogVariable::RouteKey => self.route.clone()?,
            AccessLogVariable::Status => response.status().as_u16().to_string(),
        })
    }
}

/// Writes the access log of a stage to CloudWatch Logs.
pub(super) struct AccessLogWriter {
    format: AccessLogFormat,
    stream: Arc<LogStream>,
    sink: LogSink,
}

impl AccessLogWriter {
    /// Returns a writer, or none if the stage has no access log or the pool delivers no logs.
    pub(super) fn new(access_log: Option<&AccessLog>, pool: &FunctionPool) -> Option<Self> {
        let (access_log, sink) = (access_log?, pool.log_sink()?);
        Some(Self {
            format: access_log.format.clone(),
            stream: Arc::new(LogStream::of_gateway(&access_log.group)),
            sink: sink.clone(),
        })
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
