//! The metrics that API Gateway publishes of an HTTP API:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>.

use std::time::Duration;

use chrono::Utc;
use cloudwatch::{Metric, Metrics};
use http::StatusCode;

/// Publishes a request that has a response.
pub(super) fn publish(metrics: &Metrics, api_id: &str, status: StatusCode, latency: Duration) {
    let is = |condition: bool| f64::from(u8::from(condition));
    for (name, unit, value) in [
        ("Count", "Count", 1.0),
        ("4xx", "Count", is(status.is_client_error())),
        ("5xx", "Count", is(status.is_server_error())),
        ("Latency", "Milliseconds", latency.as_secs_f64() * 1000.0),
    ] {
        let metric = Metric::new("AWS/ApiGateway", name, [("ApiId", api_id)]);
        metrics.record(&metric, unit, value, Utc::now().timestamp());
    }
}
