//! Finding the route of a request.

use openapi::{ROUTES, Route};

use super::error::ApiError;
use crate::http::ApiRequest;

/// The method and the path that a request is for.
pub(super) struct Target<'a> {
    method: &'a str,
    path: &'a str,
}

/// Where a request goes.
pub(super) enum Destination {
    /// `OPTIONS` on a known path.
    Preflight,
    /// A route.
    Route(&'static Route),
}

impl<'a> Target<'a> {
    /// Returns the target of a request.
    ///
    /// It is the gateway's route if that is one of ours, and otherwise the method and path of the request.
    pub(super) fn new(request: &'a ApiRequest) -> Self {
        let by_route_key = request.route_key().map(|(method, path)| Self { method, path });
        by_route_key
            .filter(|target| target.route().is_some())
            .unwrap_or_else(|| Self { method: request.method(), path: request.path() })
    }

    fn routes_on_path(&self) -> impl Iterator<Item = &'static Route> {
        ROUTES.iter().filter(|route| route.path == self.path)
    }

    fn route(&self) -> Option<&'static Route> {
        self.routes_on_path().find(|route| route.method.name() == self.method)
    }

    /// Returns the route for the log, where `OPTIONS` and `none` stand for requests without one.
    ///
    /// It is a dimension of metrics, so it contains nothing of the request itself.
    pub(super) fn name(&self) -> String {
        match self.route() {
            Some(route) => format!("{} {}", route.method.name(), route.path),
            None if self.method == "OPTIONS" => "OPTIONS".to_owned(),
            None => "none".to_owned(),
        }
    }

    /// Returns the path if there is a route on it.
    fn known_path(&self) -> Option<&'static str> {
        self.routes_on_path().next().map(|route| route.path)
    }

    /// Returns the methods of the path, for `Allow` and for CORS.
    pub(super) fn allowed_methods(&self) -> String {
        let methods = self.routes_on_path().map(|route| route.method.name()).chain(["OPTIONS"]);
        methods.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn destination(&self) -> Result<Destination, ApiError> {
        if self.known_path().is_none() {
            return Err(ApiError::UnknownPath);
        }
        if self.method == "OPTIONS" {
            return Ok(Destination::Preflight);
        }
        match self.route() {
            Some(route) => Ok(Destination::Route(route)),
            None => Err(ApiError::MethodNotAllowed { allow: self.allowed_methods() }),
        }
    }
}
