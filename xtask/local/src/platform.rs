//! The parts of the platform that surround the packages service, created locally.
//!
//! On AWS, these resources exist before the service is deployed and are not part of it: the database, the jobs queue,
//! the table of delete records and the storage bucket. The service's stack reads their names from SSM parameters,
//! here as on AWS, so a local deployment takes the same path as a real one.

mod parameters;
mod resources;
mod schema;

pub use parameters::put_platform_parameters;
pub use resources::{DELETE_RECORD_TABLE, JOBS_QUEUE, PlatformResources, STORAGE_BUCKET, create_resources};
pub use schema::{PENNSIEVE_SCHEMA, create_schema, organization_schema};

/// The reason why the local platform could not be created.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The database rejected a statement or was unreachable.
    #[error(
        "the platform's tables could not be created in the local database; start with a fresh one if it was kept from an earlier run"
    )]
    Schema(#[source] sqlx::Error),
    /// The emulator did not create a resource or was unreachable.
    #[error("the platform's {resource} could not be created; the emulator's log says more")]
    Resource {
        /// Description of the resource.
        resource: &'static str,
        /// The error of the AWS SDK.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A platform parameter could not be written.
    #[error("SSM parameter {path} could not be written; the emulator's log says more")]
    Parameter {
        /// The parameter's name.
        path: String,
        /// The error of the AWS SDK.
        #[source]
        source: Box<aws_sdk_ssm::Error>,
    },
}
