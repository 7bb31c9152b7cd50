//! What can be wrong with a template or a policy.

use std::fmt;

/// A template that must not be deployed, or a policy that must not be given to anyone.
#[derive(Debug, thiserror::Error)]
pub struct StackError {
    /// Everything that is wrong with it.
    pub problems: Vec<Problem>,
}

impl fmt::Display for StackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("what was rendered is not valid; this is a mistake in the crate `stack`:")?;
        self.problems.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

/// One thing that is wrong with a template or a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A logical id contains other characters than letters and digits.
    #[error("`{id}` is not a logical id: only letters and digits, 255 at most")]
    MalformedId {
        /// The id.
        id: String,
    },
    /// Two resources, or two different parameters, share a logical id.
    #[error("`{id}` is used twice")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// The target of a reference does not exist.
    #[error("{place} refers to `{target}`, which is not in the template")]
    Dangling {
        /// The resource or output that refers.
        place: String,
        /// What it refers to.
        target: String,
    },
    /// An intrinsic function that is malformed or that this crate does not write.
    #[error("{place} uses `{function}` in a way that this crate does not write")]
    UnknownFunction {
        /// The resource or output that uses it.
        place: String,
        /// The function.
        function: String,
    },
    /// Resources refer to each other.
    #[error("circular dependency between resources: {}", .ids.join(" → "))]
    Cycle {
        /// The resources of the cycle, with the first one again at the end.
        ids: Vec<String>,
    },
    /// A parameter that nothing refers to.
    #[error("nothing refers to the parameter `{id}`")]
    UnusedParameter {
        /// The parameter.
        id: String,
    },
    /// A policy allows too much.
    #[error("`{id}` allows {what}")]
    Wildcard {
        /// The resource that has the policy.
        id: String,
        /// What it allows.
        what: String,
    },
    /// CloudFormation returns text that is not ASCII as question marks, so the deployed template would never be the same:
    /// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814>.
    #[error("`{id}` contains text that is not ASCII")]
    NotAscii {
        /// The resource.
        id: String,
    },
    /// A name is longer than AWS accepts.
    #[error(
        "the name `{name}` of {id} has more than {limit} characters; shorten the environment's name, service or suffix"
    )]
    NameTooLong {
        /// The resource.
        id: String,
        /// Its name.
        name: String,
        /// The most characters that AWS accepts.
        limit: usize,
    },
    /// A policy needs a value that was not read from the Parameter Store.
    #[error("the value of the parameter {path} is needed, because a policy names what is in it")]
    UnknownPlatformParameter {
        /// The path in the Parameter Store.
        path: String,
    },
    /// A limit of AWS is exceeded.
    #[error("{count} {what}; the limit is {limit}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// What AWS accepts.
        limit: usize,
    },
}
