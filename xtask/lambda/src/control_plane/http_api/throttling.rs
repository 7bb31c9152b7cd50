//! The throttling of routes, from the settings of a stage.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::RouteKey;

/// The rate limit of one route.
///
/// The default is the quota of an account in most Regions, which applies to a route without settings:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// Requests per second, the rate at which the token bucket is filled.
    pub rate: f64,
    /// Size of the token bucket. With 0, each request is rejected.
    pub burst: u32,
}

impl Default for Throttling {
    fn default() -> Self {
        Self { rate: 10_000.0, burst: 5_000 }
    }
}

/// The settings of a route, or the default of all routes.
///
/// The emulator returns the properties of a template under their own names.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RouteSettings {
    #[serde(alias = "ThrottlingRateLimit")]
    throttling_rate_limit: Option<f64>,
    #[serde(alias = "ThrottlingBurstLimit")]
    throttling_burst_limit: Option<u32>,
}

/// The settings of all routes of a stage.
#[derive(Default)]
pub(super) struct StageThrottling {
    pub(super) default: RouteSettings,
    pub(super) routes: BTreeMap<String, RouteSettings>,
}

impl StageThrottling {
    /// Returns the limits of a route: each comes from its own settings, the default, or the quota of the account.
    pub(super) fn of(&self, route: &RouteKey) -> Throttling {
        let own = self.routes.get(&route.to_string()).copied().unwrap_or_default();
        let account = Throttling::default();
        Throttling {
            rate: own.throttling_rate_limit.or(self.default.throttling_rate_limit).unwrap_or(account.rate),
            burst: own
                .throttling_burst_limit
                .or(self.default.throttling_burst_limit)
                .unwrap_or(account.burst),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_of_a_route_override_the_default_of_the_stage() {
        let stage = StageThrottling {
            default: serde_json::from_value(json!({"ThrottlingBurstLimit": 400, "ThrottlingRateLimit": 200}))
                .unwrap(),
            routes: serde_json::from_value(json!({"GET /a": {"throttlingRateLimit": 0.5}})).unwrap(),
        };
        let of = |stage: &StageThrottling, key: &str| stage.of(&key.parse().unwrap());
        assert_eq!(of(&stage, "GET /a"), Throttling { rate: 0.5, burst: 400 });
        assert_eq!(of(&stage, "GET /b"), Throttling { rate: 200.0, burst: 400 });
        assert_eq!(of(&StageThrottling::default(), "GET /a"), Throttling::default());
    }
}
