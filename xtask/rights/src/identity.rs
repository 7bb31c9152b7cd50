//! Who calls AWS on this machine, and with which credentials.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::random::{RandomError, RandomKey};

/// The account of the emulator.
pub const ACCOUNT: &str = "000000000000";

/// A person or CI, with the rights that `render --policies` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// Reads what is deployed.
    Reviewer,
    /// Reads and changes what is deployed.
    Deployer,
    /// Has all permissions, like the owner of an account. Creates the platform around the service.
    Administrator,
}

impl Operator {
    /// All operators.
    pub const ALL: [Self; 3] = [Self::Reviewer, Self::Deployer, Self::Administrator];

    /// Returns the name, which is that of an IAM user.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Deployer => "deployer",
            Self::Administrator => "administrator",
        }
    }
}

/// The signer of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// An operator.
    Operator(Operator),
    /// A session of a role, such as the one of a function.
    Role {
        /// The name of the role.
        role: String,
        /// The name of the session: for a function, the function's name.
        session: String,
    },
}

impl Principal {
    /// Returns the ARN, which messages and policies contain.
    pub fn arn(&self) -> String {
        match self {
            Self::Operator(operator) => format!("arn:aws:iam::{ACCOUNT}:user/{}", operator.name()),
            Self::Role { role, session } => format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}"),
        }
    }

    /// Returns the principal with an ARN: a user or a role.
    pub(crate) fn from_arn(arn: &str) -> Option<Self> {
        let resource = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:"))?;
        match resource.split_once('/')? {
            ("user", name) => {
                Operator::ALL.into_iter().find(|operator| operator.name() == name).map(Self::Operator)
            }
            ("role", role) => Some(Self::Role { role: role.to_owned(), session: "simulation".to_owned() }),
            _ => None,
        }
    }

    /// Returns the name of an operator or of a role, without the part that CloudFormation generates.
    pub(crate) fn identity(&self) -> &str {
        match self {
            Self::Operator(operator) => operator.name(),
            Self::Role { role, .. } => role_identity(role),
        }
    }

    /// Returns the value of `aws:PrincipalArn`: the ARN of the role, not of its session.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
    pub fn principal_arn(&self) -> String {
        match self {
            Self::Operator(_) => self.arn(),
            Self::Role { role, .. } => format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        }
    }
}

/// Returns the name of a role without its last part, which differs from stack to stack.
pub(crate) fn role_identity(role: &str) -> &str {
    role.rsplit_once('-').map_or(role, |(name, _)| name)
}

/// A secret. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// What a client signs its requests with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token, which sessions of roles have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Secret>,
}

impl Credentials {
    /// Returns the credentials of the emulator, which checks no permissions.
    pub fn of_emulator() -> Self {
        Self {
            access_key_id: machine::EMULATOR_ACCESS_KEY_ID.to_owned(),
            secret_access_key: Secret(machine::EMULATOR_SECRET_ACCESS_KEY.to_owned()),
            session_token: None,
        }
    }
}

impl From<Credentials> for aws_credential_types::Credentials {
    fn from(credentials: Credentials) -> Self {
        let Credentials { access_key_id, secret_access_key: Secret(secret), session_token } = credentials;
        Self::new(access_key_id, secret, session_token.map(|Secret(token)| token), None, "local stack")
    }
}

/// Credentials and their owner.
#[derive(Debug)]
pub struct Identity {
    /// The owner of the credentials.
    pub principal: Principal,
    /// The credentials.
    pub credentials: Credentials,
}

/// The credentials of all principals. They are new in each run of the local stack.
#[derive(Debug)]
pub struct Identities {
    key: RandomKey,
    by_access_key_id: Mutex<HashMap<String, Arc<Identity>>>,
}

impl Identities {
    /// Creates the credentials of the operators.
    pub fn new() -> Result<Self, RandomError> {
        Ok(Self { key: RandomKey::new()?, by_access_key_id: Mutex::default() })
    }

    /// Returns the credentials of an operator.
    pub fn operator(&self, operator: Operator) -> Credentials {
        self.credentials(Principal::Operator(operator))
    }

    /// Returns the credentials of a session of a role.
    ///
    /// AWS changes them after some hours. A local stack keeps them until it ends.
    pub fn session(&self, role: &str, session: &str) -> Credentials {
        self.credentials(Principal::Role { role: role.to_owned(), session: session.to_owned() })
    }

    /// Returns the owner of an access key.
    pub(crate) fn find(&self, access_key_id: &str) -> Option<Arc<Identity>> {
        self.lock().get(access_key_id).cloned()
    }

    fn credentials(&self, principal: Principal) -> Credentials {
        // The prefix identifies the kind of key:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
        let (prefix, has_token) = match principal {
            Principal::Operator(_) => ("AKIA", false),
            Principal::Role { .. } => ("ASIA", true),
        };
        let text = |purpose, length| self.key.text(&format!("{purpose}/{}", principal.arn()), length);
        let credentials = Credentials {
            access_key_id: format!("{prefix}{}", text("id", 16)),
            secret_access_key: Secret(text("secret", 40)),
            session_token: has_token.then(|| Secret(text("token", 64))),
        };
        let identity = Arc::new(Identity { principal, credentials: credentials.clone() });
        self.lock().insert(credentials.access_key_id.clone(), identity);
        credentials
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Identity>>> {
        // Each change leaves the map consistent, so a panic in another thread does not matter.
        self.by_access_key_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_different_credentials() {
        let identities = Identities::new().unwrap();
        let [reviewer, deployer, _] = Operator::ALL.map(|it| identities.operator(it));
        assert_ne!(reviewer, deployer);
        assert!(reviewer.access_key_id.starts_with("AKIA") && reviewer.session_token.is_none());
        let found = identities.find(&deployer.access_key_id).unwrap();
        assert_eq!(found.principal.arn(), "arn:aws:iam::000000000000:user/deployer");
    }

    #[test]
    fn session_keeps_its_credentials() {
        let identities = Identities::new().unwrap();
        let first = identities.session("role", "function");
        assert_eq!(identities.session("role", "function"), first);
        assert_ne!(identities.session("role", "other"), first);
        assert!(first.access_key_id.starts_with("ASIA") && first.session_token.is_some());
        let principal = &identities.find(&first.access_key_id).unwrap().principal;
        assert_eq!(principal.arn(), "arn:aws:sts::000000000000:assumed-role/role/function");
        assert_eq!(principal.principal_arn(), "arn:aws:iam::000000000000:role/role");
    }

    #[test]
    fn secrets_do_not_print_themselves() {
        let credentials = Identities::new().unwrap().session("role", "function");
        let printed = format!("{credentials:?}");
        assert!(!printed.contains(credentials.secret_access_key.expose()), "{printed}");
    }
}
