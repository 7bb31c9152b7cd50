//! The settings of the restore function.

use openapi::variables;

use super::common::Common;
use super::variables::{Setting, Variables};

/// The settings of the restore function.
pub struct RestoreSettings {
    /// The settings that all functions have.
    pub common: Common,
    /// The table of the delete records.
    pub delete_record_table: Setting<String>,
    /// The URL of the jobs queue, which receives the changelog.
    pub jobs_queue_url: Setting<String>,
    /// The URL of the restore queue.
    pub restore_queue_url: Setting<String>,
}

impl RestoreSettings {
    /// Reads the variables.
    pub fn read(variables: &Variables) -> Self {
        Self {
            common: Common::read(variables),
            delete_record_table: variables.required(variables::DELETE_RECORD_DYNAMODB_TABLE_NAME),
            jobs_queue_url: variables.required(variables::JOBS_QUEUE_ID),
            restore_queue_url: variables.required(variables::RESTORE_PACKAGE_QUEUE_URL),
        }
    }
}
