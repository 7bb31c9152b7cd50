//! The settings that all functions have.

use openapi::variables;

use super::database::DatabaseSettings;
use super::telemetry::TelemetrySettings;
use super::variables::{Setting, Variables};

/// The settings that all functions have.
#[derive(Clone, Debug)]
pub struct Common {
    /// The AWS region.
    pub region: String,
    /// The endpoint of S3, if it is not that of AWS.
    pub s3_endpoint: Option<String>,
    /// The login to the database.
    pub database: Setting<DatabaseSettings>,
    /// The name and the daemon of the function.
    pub telemetry: TelemetrySettings,
}

impl Common {
    /// Reads the variables.
    pub fn read(variables: &Variables) -> Self {
        let region = variables
            .optional(variables::REGION)
            .or_else(|| variables.optional(variables::AWS_REGION))
            .unwrap_or_else(|| "us-east-1".to_owned());
        let s3_endpoint = variables
            .optional(variables::AWS_ENDPOINT_URL_S3)
            .or_else(|| variables.optional(variables::AWS_ENDPOINT_URL));
        Self {
            region,
            s3_endpoint,
            database: DatabaseSettings::read(variables),
            telemetry: TelemetrySettings::read(variables),
        }
    }
}
