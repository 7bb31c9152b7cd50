//! Why a request is not allowed, in IAM's wording.

/// A request that the policies do not allow.
///
/// Most services use this text:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub(crate) struct Refusal {
    /// The ARN of the caller, or nothing for a request without credentials.
    pub(crate) principal: Option<String>,
    /// The action.
    pub(crate) action: String,
    /// The resource.
    pub(crate) resource: String,
    /// Why it is not allowed.
    pub(crate) reason: Reason,
}

/// Why a request is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A policy denies it.
    ExplicitDeny(PolicyKind),
    /// No policy of this kind allows it.
    NothingAllows(PolicyKind),
    /// The resource has no valid name, so no policy can name it.
    InvalidResource,
}

/// A kind of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// A policy of the user or role.
    Identity,
    /// A policy of the bucket or queue.
    Resource,
    /// A permissions boundary.
    Boundary,
}

impl Refusal {
    fn text(&self) -> String {
        let Self { principal, action, resource, reason } = self;
        let principal = principal.as_deref().unwrap_or("anonymous");
        let on = if resource == "*" { String::new() } else { format!(" on resource: \"{resource}\"") };
        let why = match reason {
            Reason::ExplicitDeny(PolicyKind::Identity) => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            Reason::ExplicitDeny(PolicyKind::Resource) => {
                "with an explicit deny in a resource-based policy".to_owned()
            }
            Reason::ExplicitDeny(PolicyKind::Boundary) => {
                "with an explicit deny in a permissions boundary".to_owned()
            }
            Reason::NothingAllows(PolicyKind::Identity) => {
                format!("because no identity-based policy allows the {action} action")
            }
            Reason::NothingAllows(PolicyKind::Resource) => {
                format!("because no resource-based policy allows the {action} action")
            }
            Reason::NothingAllows(PolicyKind::Boundary) => {
                format!("because no permissions boundary allows the {action} action")
            }
            Reason::InvalidResource => "because the resource has no valid name".to_owned(),
        };
        format!("User: {principal} is not authorized to perform: {action}{on} {why}")
    }
}
