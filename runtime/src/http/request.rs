//! Requests of the API function.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use openapi::{Claims, Query};

/// A request of `lambda_http`, reduced to what the API function reads.
pub(crate) struct ApiRequest(Request);

impl ApiRequest {
    pub(crate) fn new(request: Request) -> Self {
        Self(request)
    }

    fn context(&self) -> Option<&ApiGatewayV2httpRequestContext> {
        match self.0.request_context_ref()? {
            RequestContext::ApiGatewayV2(context) => Some(context),
            _ => None,
        }
    }

    /// Returns the id that the gateway gave to the request.
    pub(crate) fn id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    /// Returns the method and path of the gateway's route.
    ///
    /// It can be a catch-all route.
    pub(crate) fn route_key(&self) -> Option<(&str, &str)> {
        self.context()?.route_key.as_deref()?.split_once(' ')
    }

    pub(crate) fn method(&self) -> &str {
        self.0.method().as_str()
    }

    /// Returns the path without the stage and without the mapping key of a domain.
    pub(crate) fn path(&self) -> &str {
        self.context().and_then(|context| context.http.path.as_deref()).unwrap_or_default()
    }

    pub(crate) fn query(&self) -> Query<'_> {
        Query::new(self.0.uri().query().unwrap_or_default())
    }

    pub(crate) fn claims(&self) -> Claims<'_> {
        let authorizer = self.context().and_then(|context| context.authorizer.as_ref());
        Claims::new(authorizer.map(|authorizer| &authorizer.fields))
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.0.body()
    }
}
