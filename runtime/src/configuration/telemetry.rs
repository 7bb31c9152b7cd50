//! What the telemetry of a function needs.

use std::net::SocketAddr;

use openapi::variables;

use super::variables::Variables;

/// The name of a function, and where its traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// The name of the function on AWS, which is a dimension of its metrics.
    pub function: String,
    /// The address of the X-Ray daemon. Without one, no traces are sent.
    pub daemon: Option<SocketAddr>,
}

impl TelemetrySettings {
    /// Reads the variables that Lambda sets.
    ///
    /// A malformed address disables traces, which no request needs.
    pub(super) fn read(variables: &Variables) -> Self {
        let function = variables.optional(variables::AWS_LAMBDA_FUNCTION_NAME);
        Self {
            function: function.unwrap_or_else(|| "unknown".to_owned()),
            daemon: variables
                .optional(variables::AWS_XRAY_DAEMON_ADDRESS)
                .and_then(|address| address.parse().ok()),
        }
    }
}
