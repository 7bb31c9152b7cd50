//! The roles of functions.
//!
//! Lambda uses a function's role when the function calls AWS, and itself when it polls a queue and delivers logs.

use std::fmt;
use std::sync::Arc;

use rights::identity::Credentials;

use crate::control_plane::FunctionName;

/// A session of a function's role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleSession {
    /// The name of the role.
    pub role: String,
    /// The function, whose name the session has.
    pub function: FunctionName,
}

impl RoleSession {
    pub(crate) fn new(role_arn: &str, function: &FunctionName) -> Self {
        // A role may have a path, which is not part of its name.
        let role = role_arn.rsplit('/').next().unwrap_or_default().to_owned();
        Self { role, function: function.clone() }
    }
}

/// Creates the credentials of sessions.
#[derive(Clone)]
pub struct Roles(Arc<dyn Fn(&RoleSession) -> Credentials + Send + Sync>);

impl fmt::Debug for Roles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Roles")
    }
}

impl Roles {
    /// Creates credentials with a function.
    pub fn new(credentials: impl Fn(&RoleSession) -> Credentials + Send + Sync + 'static) -> Self {
        Self(Arc::new(credentials))
    }

    /// Returns roles with the credentials of the emulator, which checks no permissions.
    pub fn without_permissions() -> Self {
        Self::new(|_| Credentials::of_emulator())
    }

    /// Returns the variables that Lambda passes to a function:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>.
    pub(crate) fn variables(&self, session: &RoleSession) -> impl Iterator<Item = (&'static str, String)> {
        let Credentials { access_key_id, secret_access_key, session_token } = (self.0)(session);
        let token = session_token.map(|token| ("AWS_SESSION_TOKEN", token.expose().to_owned()));
        [
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", secret_access_key.expose().to_owned()),
        ]
        .into_iter()
        .chain(token)
    }

    /// Returns a client of SQS that acts with a role.
    pub(crate) fn sqs(&self, client: &aws_sdk_sqs::Client, session: &RoleSession) -> aws_sdk_sqs::Client {
        let settings = client.config().to_builder().credentials_provider(self.provider(session));
        aws_sdk_sqs::Client::from_conf(settings.build())
    }

    /// Returns a client of CloudWatch Logs that acts with a role.
    pub(crate) fn logs(
        &self,
        client: &aws_sdk_cloudwatchlogs::Client,
        session: &RoleSession,
    ) -> aws_sdk_cloudwatchlogs::Client {
        let settings = client.config().to_builder().credentials_provider(self.provider(session));
        aws_sdk_cloudwatchlogs::Client::from_conf(settings.build())
    }

    /// Returns a client of X-Ray that acts with a role.
    pub(crate) fn xray(&self, client: &aws_sdk_xray::Client, session: &RoleSession) -> aws_sdk_xray::Client {
        let settings = client.config().to_builder().credentials_provider(self.provider(session));
        aws_sdk_xray::Client::from_conf(settings.build())
    }

    /// Returns the credentials of a session, as clients of the AWS SDK take them.
    fn provider(&self, session: &RoleSession) -> aws_credential_types::Credentials {
        (self.0)(session).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_has_the_names_of_role_and_function() {
        let function: FunctionName = "api".parse().unwrap();
        let session = RoleSession::new("arn:aws:iam::000000000000:role/service/api-role", &function);
        assert_eq!((session.role.as_str(), session.function.as_str()), ("api-role", "api"));
    }

    #[test]
    fn function_gets_the_credentials_of_its_session() {
        let identities = rights::identity::Identities::new().unwrap();
        let expected = identities.session("api-role", "api");
        let roles = Roles::new(move |session| identities.session(&session.role, session.function.as_str()));
        let session = RoleSession::new("role/api-role", &"api".parse().unwrap());
        let variables: Vec<(&str, String)> = roles.variables(&session).collect();
        let expected = [
            ("AWS_ACCESS_KEY_ID", expected.access_key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", expected.secret_access_key.expose()),
            ("AWS_SESSION_TOKEN", expected.session_token.as_ref().unwrap().expose()),
        ];
        assert_eq!(variables, expected.map(|(name, value)| (name, value.to_owned())));
    }
}
