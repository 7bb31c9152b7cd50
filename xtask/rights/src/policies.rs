//! All policies that are deployed, and what they allow together.
//!
//! The order of the rules is that of IAM for one account:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use iam_rs::{Arn, ContextValue, IAMRequest, Principal as PolicyPrincipal, PrincipalId};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::access::Access;
use crate::identity::{Operator, Principal, role_identity};
use crate::policy::{Policy, Verdict, verdict};
use crate::refusal::{PolicyKind, Reason, Refusal};
use crate::report::Right;

/// What the emulator has stored, as its shim describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Stored {
    /// By the name of the role.
    roles: HashMap<String, StoredRole>,
    /// Policies of buckets, by name.
    buckets: HashMap<String, Json>,
    /// Policies of queues, by name.
    queues: HashMap<String, Json>,
    /// The stack of each change set, by its ARN.
    #[serde(default)]
    change_sets: HashMap<String, String>,
    /// The ARN of the function of each event source mapping, by its ID.
    #[serde(default)]
    event_source_mappings: HashMap<String, String>,
    /// The ARN of the key of each encrypted parameter and queue that has a key of its own, by name.
    #[serde(default)]
    parameter_keys: HashMap<String, String>,
    #[serde(default)]
    queue_keys: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct StoredRole {
    policies: Vec<Json>,
    /// The ARN of the boundary and its document, which is missing where no such policy exists.
    boundary: Option<(String, Option<Json>)>,
}

#[derive(Debug)]
struct Role {
    policies: Vec<Policy>,
    boundary: Option<Policy>,
}

/// The policies of the operators, which do not change while the stack runs.
#[derive(Debug)]
pub struct OperatorPolicies(HashMap<Operator, Vec<Policy>>);

impl OperatorPolicies {
    /// Reads the policies of reviewers and of deployers.
    pub fn new<'a>(
        reviewer: impl IntoIterator<Item = &'a Json>,
        deployer: impl IntoIterator<Item = &'a Json>,
    ) -> Self {
        let everything = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }],
        });
        let read = |operator: Operator, documents: Vec<&Json>| {
            let policies = documents.into_iter().map(|document| Policy::new(operator.name(), document));
            (operator, policies.collect())
        };
        Self(HashMap::from([
            read(Operator::Reviewer, reviewer.into_iter().collect()),
            read(Operator::Deployer, deployer.into_iter().collect()),
            read(Operator::Administrator, vec![&everything]),
        ]))
    }

    /// Returns what the policies allow. The administrator, who may do everything, is left out.
    pub(crate) fn rights(&self) -> impl Iterator<Item = Right> {
        let policies = self.0.iter().filter(|(operator, _)| **operator != Operator::Administrator);
        policies.flat_map(|(operator, policies)| rights(operator.name(), policies))
    }

    fn of(&self, operator: Operator) -> &[Policy] {
        self.0.get(&operator).map_or(&[], Vec::as_slice)
    }
}

/// The policies of roles, buckets and queues at one moment.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    roles: HashMap<String, Role>,
    buckets: HashMap<String, Policy>,
    queues: HashMap<String, Policy>,
    change_sets: HashMap<String, String>,
    event_source_mappings: HashMap<String, String>,
    parameter_keys: HashMap<String, String>,
    queue_keys: HashMap<String, String>,
}

impl Policies {
    pub(crate) fn new(stored: &Stored) -> Self {
        let named = |kind: &str, policies: &HashMap<String, Json>| {
            let read = |(name, document): (&String, &Json)| {
                (name.clone(), Policy::new(&format!("{kind} {name}"), document))
            };
            policies.iter().map(read).collect()
        };
        let roles = stored.roles.iter().map(|(name, role)| (name.clone(), Role::new(name, role)));
        Self {
            roles: roles.collect(),
            buckets: named("bucket", &stored.buckets),
            queues: named("queue", &stored.queues),
            change_sets: stored.change_sets.clone(),
            event_source_mappings: stored.event_source_mappings.clone(),
            parameter_keys: stored.parameter_keys.clone(),
            queue_keys: stored.queue_keys.clone(),
        }
    }

    /// Returns what the policies of roles allow.
    pub(crate) fn rights(&self) -> impl Iterator<Item = Right> {
        self.roles.iter().flat_map(|(name, role)| rights(role_identity(name), &role.policies))
    }

    /// Returns the name of the stack that a change set is for.
    pub(crate) fn stack_of(&self, change_set: &str) -> Option<&str> {
        self.change_sets.get(change_set).map(String::as_str)
    }

    /// Returns the ARN of the function that an event source mapping invokes.
    pub(crate) fn function_of(&self, mapping: &str) -> Option<&str> {
        self.event_source_mappings.get(mapping).map(String::as_str)
    }

    /// Returns the ARN of the key of an encrypted parameter; none for the account's default key.
    pub(crate) fn key_of_parameter(&self, name: &str) -> Option<&str> {
        self.parameter_keys.get(name).map(String::as_str)
    }

    /// Returns the ARN of the key that messages of a queue are encrypted with, if it has a key of its own.
    pub(crate) fn key_of_queue(&self, name: &str) -> Option<&str> {
        self.queue_keys.get(name).map(String::as_str)
    }

    /// Whether a role exists. The credentials of a deleted role are invalid.
    pub(crate) fn has_role(&self, name: &str) -> bool {
        self.roles.contains_key(name)
    }

    /// Decides whether a principal, or a caller without credentials, may take an action.
    ///
    /// Returns the name of the statement that allows it.
    pub(crate) fn decide<'a>(
        &'a self,
        operators: &'a OperatorPolicies,
        principal: Option<&Principal>,
        access: &Access,
        now: DateTime<Utc>,
    ) -> Result<&'a str, Refusal> {
        let refuse = |reason| {
            Err(Refusal {
                principal: principal.map(Principal::arn),
                action: access.action.clone(),
                resource: access.resource.clone(),
                reason,
            })
        };
        let Some(request) = request(principal, access, now) else { return refuse(Reason::InvalidResource) };
        let resource = verdict(self.resource_policy(access), &request);
        let (identity, boundary) = match principal {
            Some(Principal::Operator(operator)) => (verdict(operators.of(*operator), &request), None),
            Some(Principal::Role { role, .. }) => match self.roles.get(role) {
                Some(role) => (
                    verdict(&role.policies, &request),
                    role.boundary.as_ref().map(|boundary| verdict([boundary], &request)),
                ),
                None => (Verdict::Silent, None),
            },
            None => (Verdict::Silent, None),
        };
        let denial = [
            (resource, PolicyKind::Resource),
            (identity, PolicyKind::Identity),
            (boundary.unwrap_or(Verdict::Silent), PolicyKind::Boundary),
        ];
        if let Some((_, kind)) = denial.into_iter().find(|(verdict, _)| *verdict == Verdict::Denied) {
            return refuse(Reason::ExplicitDeny(kind));
        }
        // A boundary does not limit a resource's policy that names a session or a user. It limits one that names a
        // role, but none of our policies does.
        if let Verdict::Allowed(statement) = resource {
            return Ok(statement);
        }
        match (identity, boundary) {
            (Verdict::Allowed(statement), None | Some(Verdict::Allowed(_))) => Ok(statement),
            (Verdict::Allowed(_), Some(_)) => refuse(Reason::NothingAllows(PolicyKind::Boundary)),
            _ if principal.is_none() => refuse(Reason::NothingAllows(PolicyKind::Resource)),
            _ => refuse(Reason::NothingAllows(PolicyKind::Identity)),
        }
    }

    /// Returns the condition keys that the policies of a user or role have for an action.
    pub(crate) fn condition_keys(
        &self,
        operators: &OperatorPolicies,
        principal: &Principal,
        action: &str,
    ) -> Vec<String> {
        let policies = match principal {
            Principal::Operator(operator) => operators.of(*operator),
            Principal::Role { role, .. } => self.roles.get(role).map_or(&[][..], |role| &role.policies),
        };
        policies.iter().flat_map(|policy| policy.condition_keys(action)).map(str::to_owned).collect()
    }

    /// Returns the policy of the bucket or queue that an action is on.
    fn resource_policy(&self, access: &Access) -> Option<&Policy> {
        if let Some(path) = access.resource.strip_prefix("arn:aws:s3:::") {
            let (bucket, _) = path.split_once('/').unwrap_or((path, ""));
            return self.buckets.get(bucket);
        }
        let rest = access.resource.strip_prefix("arn:aws:sqs:")?;
        let (_, queue) = rest.rsplit_once(':')?;
        self.queues.get(queue)
    }
}

fn rights<'a>(identity: &'a str, policies: &'a [Policy]) -> impl Iterator<Item = Right> + 'a {
    policies.iter().flat_map(Policy::allowed).map(|(statement, action)| Right {
        identity: identity.to_owned(),
        statement: statement.to_owned(),
        action: action.to_owned(),
    })
}

impl Role {
    fn new(name: &str, stored: &StoredRole) -> Self {
        let owner = format!("role {name}");
        let policies = stored.policies.iter().map(|document| Policy::new(&owner, document));
        // A boundary that does not exist allows nothing.
        let boundary = stored.boundary.as_ref().map(|(arn, document)| {
            Policy::new(&format!("the boundary {arn}"), document.as_ref().unwrap_or(&Json::Null))
        });
        Self { policies: policies.collect(), boundary }
    }
}

/// Returns the request with the condition keys that all requests have.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn request(principal: Option<&Principal>, access: &Access, now: DateTime<Utc>) -> Option<IAMRequest> {
    let service = access.action.split(':').next().unwrap_or_default();
    let resource = match access.resource.as_str() {
        // Only `*` matches it.
        "*" => format!("arn:aws:{service}:::*"),
        arn => arn.to_owned(),
    };
    let mut context = access.condition_keys();
    let mut set = |key: &str, value| context.data.insert(key.to_owned(), value);
    // On AWS, all our clients use HTTPS.
    set("aws:SecureTransport", ContextValue::Boolean(true));
    set("aws:CurrentTime", ContextValue::DateTime(now));
    set("aws:EpochTime", ContextValue::String(now.timestamp().to_string()));
    set("aws:SourceIp", ContextValue::String("127.0.0.1".to_owned()));
    let id = match principal {
        Some(principal) => {
            set("aws:PrincipalArn", ContextValue::String(principal.principal_arn()));
            set("aws:PrincipalAccount", ContextValue::String(crate::identity::ACCOUNT.to_owned()));
            principal.arn()
        }
        // A user of another account: only a policy with the principal `*` matches it.
        None => "arn:aws:iam::000000000001:user/anonymous".to_owned(),
    };
    Some(IAMRequest {
        principal: PolicyPrincipal::Aws(PrincipalId::String(id)),
        action: access.action.clone(),
        resource: Arn::parse(&resource).ok()?,
        context,
    })
}
