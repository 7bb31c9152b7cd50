//! The authorizer function, unless the environment shares that of the platform.

use openapi::variables as names;

use super::context::Context;
use super::function::{self, FunctionParts, Variables};
use super::platform;
use crate::cloudformation::{Function, Handle, Number, Template, Value};
use crate::environment;
use crate::function_name::FunctionName;

/// The longest time that API Gateway waits for an authorizer:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const TIMEOUT_SECONDS: u32 = 10;

/// The variables that decide which tokens are valid: issuer, keys and client.
pub(crate) const AUTHORIZER_VARIABLES: [&str; 3] =
    [names::TOKEN_ISSUER, names::TOKEN_JWKS_URL, names::TOKEN_CLIENT_ID];

/// The function that the gateway invokes to authorize a request.
pub(super) enum Authorizer {
    /// The authorizer function of this system.
    Own(Handle<Function>),
    /// The authorizer function of the platform, and the role to invoke it with.
    Shared { function_arn: Value<String>, invoke_role_arn: Value<String> },
}

impl Authorizer {
    /// Returns the authorizer function of this system, if the environment has it.
    pub(super) fn own(&self) -> Option<&Handle<Function>> {
        match self {
            Self::Own(function) => Some(function),
            Self::Shared { .. } => None,
        }
    }
}

pub(super) fn add(template: &mut Template, context: &Context<'_>) -> Authorizer {
    let own = match &context.environment.authorizer {
        environment::Authorizer::Own(own) => own,
        environment::Authorizer::Shared(shared) => {
            return Authorizer::Shared {
                function_arn: platform::value(
                    template,
                    "AuthorizerFunctionArn",
                    "ARN of the platform's authorizer function.",
                    &shared.function_arn,
                ),
                invoke_role_arn: platform::value(
                    template,
                    "AuthorizerInvokeRoleArn",
                    "ARN of the role that invokes the platform's authorizer function.",
                    &shared.invoke_role_arn,
                ),
            };
        }
    };
    let values = [
        platform::value(template, "TokenIssuer", "Issuer of the access tokens.", &own.issuer),
        platform::value(template, "TokenJwksUrl", "URL of the issuer's public keys.", &own.jwks_url),
        platform::value(template, "TokenClientId", "Client of the access tokens.", &own.client_id),
    ];
    let variables: Variables = AUTHORIZER_VARIABLES.into_iter().zip(values).collect();
    let parts = FunctionParts {
        name: FunctionName::Authorizer,
        description: "Decides what an access token admits to",
        artifact: &context.artifacts.authorizer,
        memory_megabytes: Number::of::<256>(),
        timeout_seconds: Number::of::<TIMEOUT_SECONDS>(),
        variables,
        statements: Vec::new(),
    };
    Authorizer::Own(function::add(template, context, parts))
}
