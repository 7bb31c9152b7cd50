//! Deployed HTTP APIs: routes, integrations, authorizers, CORS and throttling.

mod access_log;
mod description;
mod throttling;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::Method;
use http::header::HeaderName;

use super::{ControlPlane, ControlPlaneError, FunctionArn, FunctionName};
pub use access_log::{AccessLog, AccessLogFormat, AccessLogVariable};
use description::{
    ApiDescription, AuthorizerDescription, Descriptions, IntegrationDescription, List, RouteDescription,
    StageDescription,
};
pub use throttling::Throttling;

/// An HTTP API with all references of its routes resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpApi {
    /// Id of the API.
    pub id: String,
    /// All routes, in no particular order.
    pub routes: Vec<Route>,
    /// The authorizers of the routes.
    pub authorizers: BTreeMap<AuthorizerId, Authorizer>,
    /// The CORS configuration, if the gateway handles CORS.
    pub cors: Option<CorsConfiguration>,
    /// The access log, if the stage has one.
    pub access_log: Option<AccessLog>,
}

impl HttpApi {
    /// Returns all functions that the gateway invokes, for routes and for authorizers.
    pub fn functions(&self) -> BTreeSet<FunctionName> {
        let integrations = self.routes.iter().map(|route| &route.integration.function);
        let authorizers = self.authorizers.values().map(|authorizer| &authorizer.function);
        integrations.chain(authorizers).map(|function| function.name.clone()).collect()
    }
}

/// A route of an HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The requests that the route matches.
    pub key: RouteKey,
    /// The integration that handles the requests.
    pub integration: Integration,
    /// The authorizer of the route; `None` for a public route.
    pub authorizer: Option<AuthorizerId>,
    /// The rate limit of the route.
    pub throttling: Throttling,
}

/// The requests that a route matches: `GET /path`, `ANY /path` or `$default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteKey {
    /// Requests that no other route matches.
    Default,
    /// Requests for exactly this path.
    Path(RouteMethod, String),
}

/// The method of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteMethod {
    /// All methods that have no route of their own.
    Any,
    /// One method.
    Exactly(Method),
}

impl fmt::Display for RouteKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("$default"),
            Self::Path(RouteMethod::Any, path) => write!(formatter, "ANY {path}"),
            Self::Path(RouteMethod::Exactly(method), path) => write!(formatter, "{method} {path}"),
        }
    }
}

impl FromStr for RouteKey {
    /// The feature of the key that is not emulated.
    type Err = &'static str;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        if key == "$default" {
            return Ok(Self::Default);
        }
        let (method, path) = key.split_once(' ').ok_or("a key without a path")?;
        if !path.starts_with('/') {
            return Err("a path that does not start with /");
        }
        if path.contains('{') {
            return Err("a path parameter");
        }
        let method = match method {
            "ANY" => RouteMethod::Any,
            "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" => {
                RouteMethod::Exactly(method.parse().map_err(|_| "its method")?)
            }
            _ => return Err("its method"),
        };
        Ok(Self::Path(method, path.to_owned()))
    }
}

/// A Lambda proxy integration with payload format 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// The function that is invoked.
    pub function: FunctionArn,
    /// How long the gateway waits for the response of the function.
    pub timeout: Duration,
}

/// The id of an authorizer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(transparent)]
pub struct AuthorizerId(String);

impl fmt::Display for AuthorizerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A Lambda authorizer of type REQUEST with payload format 2.0 and simple responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The function that authorizes requests.
    pub function: FunctionArn,
    /// The identity sources of a caller. All must be present, and together they are the cache key.
    pub identity_sources: Vec<IdentitySource>,
    /// How long a decision is cached. With `None`, each request invokes the authorizer.
    pub result_ttl: Option<Duration>,
}

/// A part of a request that identifies the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// `$request.header.NAME`
    Header(HeaderName),
    /// `$request.querystring.NAME`
    QueryParameter(String),
    /// `$context.routeKey`
    RouteKey,
}

impl FromStr for IdentitySource {
    type Err = ();

    fn from_str(expression: &str) -> Result<Self, ()> {
        if expression == "$context.routeKey" {
            Ok(Self::RouteKey)
        } else if let Some(name) = expression.strip_prefix("$request.header.") {
            name.parse().map(Self::Header).map_err(|_| ())
        } else if let Some(name) = expression.strip_prefix("$request.querystring.").filter(|n| !n.is_empty())
        {
            Ok(Self::QueryParameter(name.to_owned()))
        } else {
            Err(())
        }
    }
}

/// The CORS configuration of an API. Each text is copied into its header unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CorsConfiguration {
    /// Origins, `*`, or `https://*` and `http://*`.
    pub allow_origins: Vec<String>,
    /// Whether credentials are allowed.
    pub allow_credentials: bool,
    /// Methods that a preflight response allows.
    pub allow_methods: Vec<String>,
    /// Request headers that a preflight response allows.
    pub allow_headers: Vec<String>,
    /// Response headers that a page can read.
    pub expose_headers: Vec<String>,
    /// How long a browser caches a preflight response, in seconds.
    pub max_age: Option<u32>,
}

impl ControlPlane {
    /// Reads an HTTP API with its routes, integrations, authorizers and `$default` stage.
    pub async fn http_api(&self, id: &str) -> Result<HttpApi, ControlPlaneError> {
        let what = format!("HTTP API {id}");
        let part = |kind: &str| (format!("the {kind} of {what}"), format!("/v2/apis/{id}/{kind}"));
        let (routes, integrations, authorizers, stages) =
            (part("routes"), part("integrations"), part("authorizers"), part("stages"));
        let api: ApiDescription = self.describe(&what, SERVICE, &format!("/v2/apis/{id}"), &[]).await?;
        let routes: List<RouteDescription> = self.describe(&routes.0, SERVICE, &routes.1, &[]).await?;
        let integrations: List<IntegrationDescription> =
            self.describe(&integrations.0, SERVICE, &integrations.1, &[]).await?;
        let authorizers: List<AuthorizerDescription> =
            self.describe(&authorizers.0, SERVICE, &authorizers.1, &[]).await?;
        let stages: List<StageDescription> = self.describe(&stages.0, SERVICE, &stages.1, &[]).await?;
        Descriptions {
            api,
            routes: routes.items,
            integrations: integrations.items,
            authorizers: authorizers.items,
            stages: stages.items,
        }
        .resolve()
    }
}

/// Service name in the credential scope.
const SERVICE: &str = "apigateway";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_keys_read_as_they_are_written() {
        for key in ["$default", "ANY /restore", "GET /presign/s3", "HEAD /"] {
            assert_eq!(key.parse::<RouteKey>().unwrap().to_string(), key);
        }
    }

    #[test]
    fn route_keys_that_are_not_emulated_say_why() {
        for (key, reason) in [
            ("GET /packages/{id}", "a path parameter"),
            ("ANY /{proxy+}", "a path parameter"),
            ("TRACE /a", "its method"),
            ("GET", "a key without a path"),
            ("GET a", "a path that does not start with /"),
        ] {
            assert_eq!(key.parse::<RouteKey>(), Err(reason));
        }
    }

    #[test]
    fn identity_sources_are_headers_parameters_and_the_route() {
        let source = |text: &str| text.parse::<IdentitySource>();
        assert_eq!(
            source("$request.header.Authorization"),
            Ok(IdentitySource::Header(http::header::AUTHORIZATION))
        );
        assert_eq!(
            source("$request.querystring.dataset_id"),
            Ok(IdentitySource::QueryParameter("dataset_id".to_owned()))
        );
        assert_eq!(source("$context.routeKey"), Ok(IdentitySource::RouteKey));
        for other in
            ["$stageVariables.a", "$context.identity.sourceIp", "$request.querystring.", "Authorization"]
        {
            assert_eq!(source(other), Err(()), "{other}");
        }
    }
}
