//! Selects the route of a request.
//!
//! The most specific route matches: method and path first, then `ANY` and path, then `$default`:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>.

use std::time::Instant;

use http::{Method, Request};

use super::cors;
use super::token_bucket::TokenBucket;
use crate::control_plane::{Route, RouteKey, RouteMethod};

/// The routes of an API, each with its rate limit.
pub(super) struct RouteTable(Vec<(Route, TokenBucket)>);

impl RouteTable {
    pub(super) fn new(routes: Vec<Route>) -> Self {
        let now = Instant::now();
        let limited = |route: Route| {
            let bucket = TokenBucket::new(route.throttling, now);
            (route, bucket)
        };
        Self(routes.into_iter().map(limited).collect())
    }

    /// Returns the route for a method and a path, with its rate limit. A `GET` route does not match `HEAD`.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<&(Route, TokenBucket)> {
        let specificity = |route: &Route| match &route.key {
            RouteKey::Path(RouteMethod::Exactly(own), at) if own == method && at == path => Some(2),
            RouteKey::Path(RouteMethod::Any, at) if at == path => Some(1),
            RouteKey::Default => Some(0),
            RouteKey::Path(..) => None,
        };
        let candidates = self.0.iter().filter_map(|entry| Some((specificity(&entry.0)?, entry)));
        candidates.max_by_key(|(specificity, _)| *specificity).map(|(_, entry)| entry)
    }

    /// Returns whether a request is a preflight that the gateway handles, provided that CORS is configured.
    ///
    /// `$default` also matches preflights, which then need its authorizer, and `ANY` does the same for its path. AWS
    /// therefore recommends an additional `OPTIONS` route:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>.
    pub(super) fn leaves_preflight_to_gateway<B>(&self, request: &Request<B>) -> bool {
        cors::is_preflight(request)
            && match self.find(&Method::OPTIONS, request.uri().path()).map(|(route, _)| &route.key) {
                None | Some(RouteKey::Path(RouteMethod::Exactly(_), _)) => true,
                Some(RouteKey::Default | RouteKey::Path(RouteMethod::Any, _)) => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};

    use super::*;
    use crate::control_plane::{Integration, Throttling};

    fn table(keys: &[&str]) -> RouteTable {
        let route = |key: &&str| Route {
            key: key.parse().unwrap(),
            integration: Integration {
                function: "arn:aws:lambda:us-east-1:000000000000:function:f".parse().unwrap(),
                timeout: Duration::from_secs(30),
            },
            authorizer: None,
            throttling: Throttling::default(),
        };
        RouteTable::new(keys.iter().map(route).collect())
    }

    fn found(table: &RouteTable, method: &Method, path: &str) -> Option<String> {
        table.find(method, path).map(|(route, _)| route.key.to_string())
    }

    #[test]
    fn most_specific_route_wins() {
        let table = table(&["$default", "ANY /a", "GET /a", "GET /b"]);
        assert_eq!(found(&table, &Method::GET, "/a").as_deref(), Some("GET /a"));
        assert_eq!(found(&table, &Method::POST, "/a").as_deref(), Some("ANY /a"));
        assert_eq!(found(&table, &Method::POST, "/b").as_deref(), Some("$default"));
        assert_eq!(found(&table, &Method::GET, "/a/").as_deref(), Some("$default"));
    }

    #[test]
    fn other_paths_do_not_match_without_a_default_route() {
        let table = table(&["GET /a"]);
        assert_eq!(found(&table, &Method::HEAD, "/a"), None);
        assert_eq!(found(&table, &Method::GET, "/A"), None);
        assert_eq!(found(&table, &Method::GET, "/a/b"), None);
    }

    #[test]
    fn preflights_are_for_the_gateway_unless_a_catch_all_takes_them() {
        let preflight = || {
            Request::options("/a").header(ORIGIN, "https://app").header(ACCESS_CONTROL_REQUEST_METHOD, "GET")
        };
        for (keys, expected) in [
            (&[][..], true),
            (&["GET /a"][..], true),
            (&["OPTIONS /a", "$default"][..], true),
            (&["ANY /a"][..], false),
            (&["$default"][..], false),
        ] {
            let request = preflight().body(()).unwrap();
            assert_eq!(table(keys).leaves_preflight_to_gateway(&request), expected, "{keys:?}");
        }
        let no_preflight = Request::options("/a").header(ORIGIN, "https://app").body(()).unwrap();
        assert!(!table(&[]).leaves_preflight_to_gateway(&no_preflight));
    }
}
