//! The authorizer function, where the environment does not share the platform's.

use super::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform::AuthorizerFacts;
use crate::FunctionName;
use crate::cloudformation::{Function, Handle, Template};

/// API Gateway waits no longer for an authorizer:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const TIMEOUT_SECONDS: u32 = 10;

pub(super) fn add(template: &mut Template, context: &Context<'_>) -> Option<Handle<Function>> {
    let AuthorizerFacts::Own { issuer, jwks_url, client_id } = &context.platform.authorizer else {
        return None;
    };
    let parts = FunctionParts {
        name: FunctionName::Authorizer,
        id: "AuthorizerFunction",
        description: "Decides what an access token admits to",
        artifact: &context.artifacts.authorizer,
        memory_megabytes: 256,
        timeout_seconds: TIMEOUT_SECONDS,
        variables: Variables::from([
            ("TOKEN_ISSUER", issuer.clone()),
            ("TOKEN_JWKS_URL", jwks_url.clone()),
            ("TOKEN_CLIENT_ID", client_id.clone()),
        ]),
        statements: Vec::new(),
    };
    Some(function::add(template, context, parts))
}
