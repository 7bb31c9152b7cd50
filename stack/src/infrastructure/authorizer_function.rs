//! The authorizer function, where the environment does not share the platform's.

use super::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform::AuthorizerFacts;
use crate::FunctionName;
use crate::cloudformation::{Function, Handle, Template, Value};

/// API Gateway waits no longer for an authorizer:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const TIMEOUT_SECONDS: u32 = 10;

/// The variables that decide which tokens are good: issuer, keys and client.
pub(crate) const AUTHORIZER_VARIABLES: [&str; 3] = ["TOKEN_ISSUER", "TOKEN_JWKS_URL", "TOKEN_CLIENT_ID"];

/// The function that the gateway asks.
pub(super) enum Authorizer {
    /// The authorizer function of this system.
    Own(Handle<Function>),
    /// The platform's, and the role to invoke it with.
    Shared { function_arn: Value<String>, invoke_role_arn: Value<String> },
}

impl Authorizer {
    /// The authorizer function of this system, if it is that one.
    pub(super) fn own(&self) -> Option<&Handle<Function>> {
        match self {
            Self::Own(function) => Some(function),
            Self::Shared { .. } => None,
        }
    }
}

pub(super) fn add(template: &mut Template, context: &Context<'_>) -> Authorizer {
    let (issuer, jwks_url, client_id) = match &context.platform.authorizer {
        AuthorizerFacts::Own { issuer, jwks_url, client_id } => (issuer, jwks_url, client_id),
        AuthorizerFacts::Shared { function_arn, invoke_role_arn } => {
            return Authorizer::Shared {
                function_arn: function_arn.clone(),
                invoke_role_arn: invoke_role_arn.clone(),
            };
        }
    };
    let facts = [issuer, jwks_url, client_id].map(Clone::clone);
    let variables: Variables = AUTHORIZER_VARIABLES.into_iter().zip(facts).collect();
    let parts = FunctionParts {
        name: FunctionName::Authorizer,
        description: "Decides what an access token admits to",
        artifact: &context.artifacts.authorizer,
        memory_megabytes: 256,
        timeout_seconds: TIMEOUT_SECONDS,
        variables,
        statements: Vec::new(),
    };
    Authorizer::Own(function::add(template, context, parts))
}
