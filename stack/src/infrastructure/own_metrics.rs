//! The dimensions of the metrics that the functions write themselves.

use openapi::telemetry::Metric;

/// The name of the function.
pub(super) const FUNCTION: &str = Metric::LATENCY.dimensions[0][0];
/// The route of a request.
pub(super) const ROUTE: &str = Metric::LATENCY.dimensions[0][1];
