//! What surrounds the packages service on the platform, made locally.
//!
//! On AWS all of this is there before the service is deployed and belongs to others: the database,
//! the jobs queue, the table of delete records, the storage bucket. The service's stack learns of
//! it by SSM parameters, here as there, so a local deploy takes the same path as a real one.

mod facts;
mod resources;
mod schema;

pub use facts::put_facts;
pub use resources::{DELETE_RECORD_TABLE, JOBS_QUEUE, PlatformResources, STORAGE_BUCKET, create_resources};
pub use schema::{PENNSIEVE_SCHEMA, create_schema, organization_schema};

/// Why the local platform could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The database refused a statement or could not be reached.
    #[error(
        "the platform's tables could not be created in the local database; start with a fresh one if it was kept from an earlier run"
    )]
    Schema(#[source] sqlx::Error),
    /// The emulator refused to create a resource or could not be reached.
    #[error("the platform's {resource} could not be created; the emulator's log says more")]
    Resource {
        /// Which resource, in words.
        resource: &'static str,
        /// What the AWS SDK said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The emulator did not take a fact.
    #[error("SSM parameter {path} could not be written; the emulator's log says more")]
    Fact {
        /// The parameter's name.
        path: String,
        /// What the AWS SDK said.
        #[source]
        source: Box<aws_sdk_ssm::Error>,
    },
}
