//! Lambda authorizers of type REQUEST with simple responses:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.

mod cache;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::event::{self, CallerContext};
use super::rejection::Rejection;
use super::request::IncomingRequest;
use crate::control_plane::{Authorizer, AuthorizerId, IdentitySource, Route};
use crate::pool::{FunctionPool, InvocationOutcome};
use cache::DecisionCache;

/// Time limit of an authorizer: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The authorizers of an API with their caches.
#[derive(Default)]
pub(super) struct Authorizers(BTreeMap<AuthorizerId, Arc<CachingAuthorizer>>);

struct CachingAuthorizer {
    authorizer: Authorizer,
    cache: Mutex<DecisionCache>,
}

/// The response of an authorizer: `{"isAuthorized": true, "context": {…}}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    is_authorized: bool,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

impl Decision {
    fn parse(payload: &[u8]) -> Result<Self, serde_json::Error> {
        // Parse into a map first, because serde also accepts a list for a struct.
        let fields: Map<String, Value> = serde_json::from_slice(payload)?;
        serde_json::from_value(Value::Object(fields))
    }

    fn into_context(self) -> Result<CallerContext, Rejection> {
        if self.is_authorized { Ok(self.context) } else { Err(Rejection::Forbidden) }
    }
}

impl Authorizers {
    /// Creates the authorizers of the next deployment. An unchanged authorizer keeps its cache.
    pub(super) fn updated(&self, authorizers: &BTreeMap<AuthorizerId, Authorizer>) -> Self {
        let caching = |(id, authorizer): (&AuthorizerId, &Authorizer)| {
            let same = self.0.get(id).filter(|before| before.authorizer == *authorizer).cloned();
            let new =
                || Arc::new(CachingAuthorizer { authorizer: authorizer.clone(), cache: Mutex::default() });
            (id.clone(), same.unwrap_or_else(new))
        };
        Self(authorizers.iter().map(caching).collect())
    }

    /// Authorizes the caller of a route, from the cache if possible.
    pub(super) async fn authorize(
        &self,
        pool: &FunctionPool,
        id: &AuthorizerId,
        api_id: &str,
        route: &Route,
        request: &IncomingRequest,
    ) -> Result<CallerContext, Rejection> {
        let caching = self.0.get(id).ok_or(Rejection::InternalServerError)?;
        let CachingAuthorizer { authorizer, cache } = caching.as_ref();
        let identity =
            identity_of(&authorizer.identity_sources, route, request).ok_or(Rejection::Unauthorized)?;
        // No operation on the cache can panic halfway, so a poisoned cache is still valid.
        let lock = || cache.lock().unwrap_or_else(PoisonError::into_inner);
        if authorizer.result_ttl.is_some()
            && let Some(decision) = lock().get(&identity, Instant::now())
        {
            return decision.into_context();
        }
        let event = event::for_authorizer(api_id, route, &identity, request);
        let decision = authorizer.decide(pool, event).await?;
        if let Some(ttl) = authorizer.result_ttl {
            let now = Instant::now();
            lock().insert(identity, decision.clone(), now, now + ttl);
        }
        decision.into_context()
    }
}

impl Authorizer {
    async fn decide(&self, pool: &FunctionPool, event: bytes::Bytes) -> Result<Decision, Rejection> {
        let name = &self.function.name;
        let problem = match timeout(TIMEOUT, pool.invoke(name, event)).await {
            Ok(Ok(InvocationOutcome::Response(payload))) => match Decision::parse(&payload) {
                Ok(decision) => return Ok(decision),
                // The response itself is not logged: it may contain personal data.
                Err(error) => format!("no simple response: {error}"),
            },
            Ok(Ok(InvocationOutcome::FunctionError(_))) => "a function error".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => format!("no answer within {TIMEOUT:?}"),
        };
        tracing::warn!(authorizer = %name, "{problem}");
        Err(Rejection::InternalServerError)
    }
}

/// Returns the values of all identity sources, or `None` if one is missing or empty.
fn identity_of(sources: &[IdentitySource], route: &Route, request: &IncomingRequest) -> Option<Vec<String>> {
    let parameters = event::query_parameters(request.parts.uri.query().unwrap_or_default());
    let value_of = |source: &IdentitySource| match source {
        IdentitySource::Header(name) => event::header(&request.parts.headers, name),
        IdentitySource::QueryParameter(name) => parameters.get(name).cloned(),
        IdentitySource::RouteKey => Some(route.key.to_string()),
    };
    sources.iter().map(|source| value_of(source).filter(|value| !value.is_empty())).collect()
}
