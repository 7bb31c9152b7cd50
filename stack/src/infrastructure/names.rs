//! Names of resources, by the conventions of the platform.

use crate::environment::Environment;
use crate::function_name::FunctionName;

/// The path of the API on the platform's domain.
const MAPPING_KEY: &str = "packages";

/// The names of an environment's resources. All of them end with the environment's suffix, if it has one.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    environment: &'a Environment,
}

impl<'a> Names<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment }
    }

    pub(super) fn assets_bucket(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        self.suffixed(format!("pennsieve-{name}-pkg-assets-{region_short}"))
    }

    pub(super) fn restore_queue(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        self.suffixed(format!("{name}-restore-package-queue-{region_short}"))
    }

    pub(super) fn restore_dead_letter_queue(self) -> String {
        let Environment { name, region_short, .. } = self.environment;
        self.suffixed(format!("{name}-restore-package-dead-letter-queue-{region_short}"))
    }

    pub(super) fn function(self, function: FunctionName) -> String {
        self.service_resource(match function {
            FunctionName::Api => "lambda",
            FunctionName::Restore => "restore-lambda",
            FunctionName::Authorizer => "authorizer-lambda",
        })
    }

    pub(super) fn mapping_key(self) -> String {
        self.suffixed(MAPPING_KEY.to_owned())
    }

    /// Returns `{environment}-{service}-{what}-{region}`, for resources without a convention of their own.
    pub(super) fn service_resource(self, what: &str) -> String {
        let Environment { name, service, region_short, .. } = self.environment;
        self.suffixed(format!("{name}-{service}-{what}-{region_short}"))
    }

    fn suffixed(self, name: String) -> String {
        match &self.environment.suffix {
            Some(suffix) => format!("{name}-{suffix}"),
            None => name,
        }
    }
}
