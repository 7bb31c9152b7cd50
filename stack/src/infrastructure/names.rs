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

    /// Returns what is between environment, service and region in a name of that form.
    fn short_name(self, resource: &str) -> Option<&str> {
        let Environment { name, service, region_short, .. } = self.environment;
        let end = self.suffixed(format!("-{region_short}"));
        let short = resource.strip_prefix(&format!("{name}-{service}-"))?.strip_suffix(&end)?;
        (!short.is_empty()).then_some(short)
    }

    fn suffixed(self, name: String) -> String {
        match &self.environment.suffix {
            Some(suffix) => format!("{name}-{suffix}"),
            None => name,
        }
    }
}

/// Returns the name of an alarm, or of another resource without a convention of its own, without environment, service and
/// region.
///
/// It is that of the alarm's page in the runbook.
pub fn short_name<'a>(environment: &Environment, resource: &'a str) -> Option<&'a str> {
    Names::new(environment).short_name(resource)
}

#[cfg(test)]
mod tests {
    use super::{Names, short_name};
    use crate::environment::Environment;

    #[test]
    fn short_name_is_what_the_name_was_made_of() {
        let text = include_str!("../../environments/dev.toml");
        let mut environment = Environment::parse(&"dev".parse().unwrap(), text).unwrap();
        for suffix in [None, Some("v2".to_owned())] {
            environment.suffix = suffix.map(|suffix| suffix.parse().unwrap());
            let name = Names::new(&environment).service_resource("api-5xx");
            assert_eq!(short_name(&environment, &name), Some("api-5xx"), "{name}");
        }
        for other in
            ["api-5xx", "dev-packages-service-api-5xx-use1-other", "prod-packages-service-api-5xx-use1-v2"]
        {
            assert_eq!(short_name(&environment, other), None, "{other}");
        }
    }
}
