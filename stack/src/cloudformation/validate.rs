//! What CloudFormation would only find out while it deploys, or never.

mod policy;
mod references;

use std::fmt;

pub(crate) use policy::problems as policy_problems;
pub(crate) use references::problems as reference_problems;

use super::template::{DeletionPolicy, Entry, Template, UpdateReplacePolicy};

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAXIMUM_BYTES: usize = 1_000_000;
const MAXIMUM_RESOURCES: usize = 500;

/// The most characters that AWS takes in a name:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
const LONGEST_NAMES: &[(&str, &str, usize)] = &[
    ("AWS::Lambda::Function", "FunctionName", 64),
    ("AWS::S3::Bucket", "BucketName", 63),
    ("AWS::SQS::Queue", "QueueName", 80),
];

/// Types whose loss cannot be made good. A bucket holds what only it holds; a public key that is replaced would
/// take with it every URL signed with its private key. A public key that leaves the template is a retired one.
const RETAINED_TYPES: &[(&str, DeletionPolicy)] = &[
    ("AWS::S3::Bucket", DeletionPolicy::RetainExceptOnCreate),
    ("AWS::CloudFront::PublicKey", DeletionPolicy::Delete),
];

/// A template that must not be deployed, or a policy that must not be given to anyone.
#[derive(Debug, thiserror::Error)]
pub struct StackError {
    /// All that is wrong with it.
    pub problems: Vec<Problem>,
}

impl fmt::Display for StackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "what would be rendered breaks its own rules; this is a mistake in the crate `stack`:",
        )?;
        self.problems.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

/// One thing that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A logical id is no name.
    #[error("`{id}` is no logical id: only letters and digits, 255 at most")]
    MalformedId {
        /// The id.
        id: String,
    },
    /// Two resources or parameters share a logical id.
    #[error("`{id}` is given twice")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A reference leads nowhere.
    #[error("{place} refers to `{target}`, which is not in the template")]
    Dangling {
        /// The resource or output that refers.
        place: String,
        /// What it refers to.
        target: String,
    },
    /// An intrinsic function that is malformed or that this crate does not write.
    #[error("{place} uses `{function}` in a way that is not understood")]
    UnknownFunction {
        /// The resource or output that uses it.
        place: String,
        /// The function.
        function: String,
    },
    /// Resources need each other.
    #[error("resources depend on each other in a circle: {}", .ids.join(" → "))]
    Cycle {
        /// The resources of the circle, the first one again at the end.
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
        /// The resource that holds the policy.
        id: String,
        /// What it allows.
        what: String,
    },
    /// A resource that must outlive its stack would not.
    #[error("`{id}` is a {type_name}, which must be retained")]
    NotRetained {
        /// The resource.
        id: String,
        /// Its type.
        type_name: &'static str,
    },
    /// Text that CloudFormation gives back as question marks, so that what is deployed would never be what it should be:
    /// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/814>.
    #[error("`{id}` has text that is not ASCII")]
    NotAscii {
        /// The resource.
        id: String,
    },
    /// A name that is longer than AWS takes.
    #[error(
        "the name `{name}` of {id} has more than {limit} characters; shorten the environment's name, service or suffix"
    )]
    NameTooLong {
        /// The resource.
        id: String,
        /// Its name.
        name: String,
        /// What AWS takes.
        limit: usize,
    },
    /// A policy names something that only the Parameter Store knows.
    #[error("the value of the parameter {path} is needed, because a policy names what it holds")]
    UnknownFact {
        /// The path in the Parameter Store.
        path: String,
    },
    /// More than AWS takes.
    #[error("{count} {what}, where {limit} is the limit")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// What is allowed.
        limit: usize,
    },
}

impl Template {
    /// Checks what must be true of every template.
    ///
    /// Every reference resolves, also inside the imported OpenAPI document and the dashboard; no circle; no wildcard
    /// outside the commented list; what must be retained is retained; CloudFormation's limits are kept.
    pub fn validate(&self) -> Result<(), StackError> {
        let mut problems: Vec<Problem> =
            self.duplicates.iter().map(|id| Problem::DuplicateId { id: id.to_string() }).collect();
        let json = self.to_value();
        problems.extend(references::problems(&json));
        for (id, entry) in &self.resources {
            let allowed = policy::ACTIONS_WITHOUT_RESOURCE;
            problems.extend(policy::problems(&id.to_string(), &entry.properties, allowed));
            problems.extend(retention_problem(&id.to_string(), entry));
            problems.extend(name_problem(&id.to_string(), entry));
            if !entry.properties.to_string().is_ascii() {
                problems.push(Problem::NotAscii { id: id.to_string() });
            }
        }
        let sizes = [
            ("resources", self.resources.len(), MAXIMUM_RESOURCES),
            ("bytes", self.to_json().len(), MAXIMUM_BYTES),
        ];
        problems.extend(
            sizes
                .into_iter()
                .filter(|(_, count, limit)| count >= limit)
                .map(|(what, count, limit)| Problem::TooLarge { what, count, limit }),
        );
        if problems.is_empty() { Ok(()) } else { Err(StackError { problems }) }
    }
}

fn name_problem(id: &str, entry: &Entry) -> Option<Problem> {
    let is_type = |(type_name, ..): &&(&str, &str, usize)| *type_name == entry.type_name;
    let (_, property, limit) = *LONGEST_NAMES.iter().find(is_type)?;
    let name = entry.properties[property].as_str()?;
    (name.len() > limit).then(|| Problem::NameTooLong { id: id.to_owned(), name: name.to_owned(), limit })
}

fn retention_problem(id: &str, entry: &Entry) -> Option<Problem> {
    let (type_name, deletion_policy) =
        RETAINED_TYPES.iter().copied().find(|(type_name, _)| *type_name == entry.type_name)?;
    let retained = entry.deletion_policy == Some(deletion_policy)
        && entry.update_replace_policy == Some(UpdateReplacePolicy::Retain);
    (!retained).then(|| Problem::NotRetained { id: id.to_owned(), type_name })
}

#[cfg(test)]
mod tests;
