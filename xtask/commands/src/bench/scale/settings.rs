//! The limits of a simulation: those of the deployed stack, and those of the account.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use lambda::control_plane::Throttling;
use serde_json::Value;
use stack::Environment;

/// What limits the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Each route of the API.
    pub(super) route: Throttling,
    /// All APIs of the account.
    pub(super) account: Throttling,
    /// Instances of all functions of the account that are busy at the same time.
    pub(super) concurrency: u32,
    /// Database connections that the proxy opens for this service.
    pub(super) connections: u32,
    /// Whether the proxy pins a connection to each instance, instead of sharing connections between them.
    pub(super) is_pinned: bool,
    /// Batches of restores at the same time.
    pub(super) restore_concurrency: u32,
}

/// What rejects requests, or lets messages wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Limit {
    RouteRate,
    AccountRate,
    InvocationRate,
    ScalingRate,
    Concurrency,
    Connections,
    RestoreConcurrency,
}

/// The limits that were met, and when for the first time.
#[derive(Clone, Debug, Default)]
pub(super) struct LimitsMet(BTreeMap<Limit, Duration>);

/// The quotas of an account in us-east-1 without an increase.
const ACCOUNT: Throttling = Throttling { rate: 10_000.0, burst: 5_000 };
const CONCURRENCY: u32 = 1_000;
/// Assumed: the part of the database's connections that the platform gives to this service.
const CONNECTIONS: u32 = 200;

impl Settings {
    /// Returns the settings of an environment in an account without raised quotas.
    pub(super) fn deployed(environment: &Environment) -> Result<Self> {
        let template = stack::preview(environment)?.to_json();
        let template: Value = serde_json::from_str(&template).context("the template is not JSON")?;
        let route = &template["Resources"]["ApiStage"]["Properties"]["DefaultRouteSettings"];
        let route = Throttling {
            rate: route["ThrottlingRateLimit"].as_f64().context("the stage has no rate")?,
            burst: u32::try_from(route["ThrottlingBurstLimit"].as_u64().context("the stage has no burst")?)?,
        };
        let restore_concurrency = environment.restore_concurrency.get();
        Ok(Self {
            route,
            account: ACCOUNT,
            concurrency: CONCURRENCY,
            connections: CONNECTIONS,
            is_pinned: false,
            restore_concurrency,
        })
    }

    /// Returns the settings with routes that may use the whole quota of the account.
    pub(super) fn with_open_routes(self) -> Self {
        Self { route: self.account, ..self }
    }

    /// Returns the settings with raised quotas of API Gateway and Lambda, a larger database, and more restores at the same
    /// time.
    pub(super) fn with_raised_quotas(self) -> Self {
        let account = Throttling { rate: 60_000.0, burst: 30_000 };
        Self {
            route: account,
            account,
            concurrency: 10_000,
            connections: 400,
            restore_concurrency: 60,
            ..self
        }
    }
}

impl Limit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RouteRate => "throttle of a route",
            Self::AccountRate => "API Gateway's quota",
            Self::InvocationRate => "Lambda's requests/s",
            Self::ScalingRate => "Lambda's scaling rate",
            Self::Concurrency => "Lambda's concurrency",
            Self::Connections => "database connections",
            Self::RestoreConcurrency => "restore_concurrency",
        }
    }

    /// Returns whether clients get 429.
    pub(super) fn is_throttle_of_gateway(self) -> bool {
        matches!(self, Self::RouteRate | Self::AccountRate)
    }
}

impl LimitsMet {
    pub(super) fn add(&mut self, limit: Limit, now: Duration) {
        self.0.entry(limit).or_insert(now);
    }

    /// Returns the limit that was met first.
    pub(super) fn first(&self) -> Option<Limit> {
        self.0.iter().min_by_key(|(_, first)| **first).map(|(limit, _)| *limit)
    }
}

#[cfg(test)]
mod tests {
    use command_line::environment;

    use super::*;

    #[test]
    fn settings_are_those_of_the_template() {
        let settings = Settings::deployed(&environment::load("prod").unwrap()).unwrap();
        assert_eq!(settings.route, Throttling { rate: 200.0, burst: 400 });
        assert_eq!(settings.restore_concurrency, 10);
    }

    #[test]
    fn first_limit_is_the_earliest_one() {
        let mut limits = LimitsMet::default();
        limits.add(Limit::Concurrency, Duration::from_secs(1));
        limits.add(Limit::RouteRate, Duration::from_secs(2));
        limits.add(Limit::RouteRate, Duration::from_secs(3));
        assert_eq!(limits.first(), Some(Limit::Concurrency));
    }
}
