//! Names, as the platform has them.

use crate::{Environment, FunctionName};

/// The names of an environment's resources.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    environment: &'a Environment,
}

impl<'a> Names<'a> {
    pub(super) fn of(environment: &'a Environment) -> Self {
        Self { environment }
    }

    pub(super) fn assets_bucket(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        format!("pennsieve-{name}-pkg-assets-{region_short}")
    }

    pub(super) fn restore_queue(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        format!("{name}-restore-package-queue-{region_short}")
    }

    pub(super) fn restore_dead_letter_queue(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        format!("{name}-restore-package-dead-letter-queue-{region_short}")
    }

    pub(super) fn function(self, function: FunctionName) -> String {
        self.of_service(match function {
            FunctionName::Api => "lambda",
            FunctionName::Restore => "restore-lambda",
            FunctionName::Authorizer => "authorizer-lambda",
        })
    }

    /// `{environment}-{service}-{what}-{region}`, for whatever has no name of its own.
    pub(super) fn of_service(self, what: &str) -> String {
        let Environment { name, service, region_short, .. } = self.environment;
        format!("{name}-{service}-{what}-{region_short}")
    }
}
