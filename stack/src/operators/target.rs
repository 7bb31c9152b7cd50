//! What the actions of the commands are allowed on.

use crate::cloudformation::{Condition, Location, Target as ResourceTarget};
use crate::environment::{Environment, stack_name};
use crate::function_name::FunctionName;
use crate::signing_key::{key_parameters, key_ring_parameter};

/// What the policies are for: an environment and the location of its stack.
pub(super) struct PolicyScope<'a> {
    pub(super) environment: &'a Environment,
    pub(super) location: Location<'a>,
}

/// Resources on which actions are allowed together, and the condition under which they are.
///
/// A statement has the name of its target, and statements stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
pub(super) enum Target {
    Stack,
    ArtifactBucket,
    /// The artifact bucket, to list what is below the service's prefix.
    ArtifactList,
    Artifacts,
    /// The artifacts that this environment writes: code, templates, contracts, the program for operators, its own releases.
    WrittenArtifacts,
    DeploymentLock,
    PlatformParameters,
    PublicKeyParameters,
    KeyParameters,
    Queues,
    RestoreQueue,
    DeadLetterQueue,
    Distributions,
    AllAlarms,
    /// The certificates of the account for CloudFront; none where the distribution has no domain of its own.
    Certificates,
    LogGroups,
    /// The users and roles of the account; the caller is one of them.
    Identities,
    /// Resources that have no ARN on AWS.
    Unnamed,
}

impl Target {
    /// Returns the ARNs of its resources.
    pub(super) fn arns(self, scope: &PolicyScope<'_>) -> Vec<String> {
        let PolicyScope { environment, location } = scope;
        let parameter = |path: &str| location.regional("ssm", &format!("parameter{path}"));
        let artifact = |key: &str| {
            location.s3(&format!("{}/{}/{key}", environment.artifact_bucket, environment.service))
        };
        match self {
            Self::Stack => {
                vec![location.regional("cloudformation", &format!("stack/{}/*", stack_name(environment)))]
            }
            Self::ArtifactBucket | Self::ArtifactList => {
                vec![location.s3(environment.artifact_bucket.as_str())]
            }
            Self::Artifacts => vec![artifact("*")],
            Self::WrittenArtifacts => {
                let code = FunctionName::ALL.into_iter().map(|function| format!("{function}/*"));
                let documents =
                    ["change-sets/*", "contracts/*", "operator/*", "templates/*", "typescript-client/*"]
                        .map(str::to_owned);
                let own = format!("releases/{}/*", environment.name);
                code.chain(documents).chain([own]).map(|key| artifact(&key)).collect()
            }
            Self::DeploymentLock => vec![artifact(&format!("locks/{}.json", environment.name))],
            Self::PlatformParameters => {
                let parameters = location.template["Parameters"].as_object().into_iter().flatten();
                parameters.filter_map(|(_, it)| it["Default"].as_str()).map(parameter).collect()
            }
            Self::PublicKeyParameters => vec![
                parameter(&key_ring_parameter(environment)),
                parameter(&format!("{}/public-key/*", key_parameters(environment))),
            ],
            Self::KeyParameters => vec![parameter(&format!("{}/*", key_parameters(environment)))],
            Self::RestoreQueue => queue(location, "RestoreQueue"),
            Self::DeadLetterQueue => queue(location, "RestoreDeadLetterQueue"),
            Self::Queues => ResourceTarget::Queues.arns(location),
            Self::Distributions => ResourceTarget::Distributions.arns(location),
            Self::AllAlarms => ResourceTarget::AllAlarms.arns(location),
            Self::Certificates => environment.cdn.iter().map(|_| certificates(location)).collect(),
            Self::LogGroups => ResourceTarget::LogGroups.arns(location),
            Self::Identities => ["role/*", "user/*"].map(|name| location.global("iam", name)).into(),
            Self::Unnamed => ResourceTarget::Unnamed.arns(location),
        }
    }

    /// Returns the condition under which actions are allowed on it.
    pub(super) fn condition(self, scope: &PolicyScope<'_>) -> Option<Condition> {
        // A list without a prefix is allowed too: S3 checks for it before it reveals that a bucket exists or that an
        // object does not (404 instead of 403).
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        let prefix = format!("{}/*", scope.environment.service);
        (self == Self::ArtifactList).then(|| Condition::new("StringLikeIfExists", "s3:prefix", prefix))
    }
}

/// Returns the ARN of the certificates that CloudFront accepts. Which of them a distribution has is a platform parameter,
/// which can change without a change of the policies:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html>.
fn certificates(location: &Location<'_>) -> String {
    let Location { partition, account, .. } = location;
    format!("arn:{partition}:acm:us-east-1:{account}:certificate/*")
}

/// Returns the ARN of the queue with a logical id.
fn queue(location: &Location<'_>, id: &str) -> Vec<String> {
    let name = location.template["Resources"][id]["Properties"]["QueueName"].as_str();
    name.map(|name| location.regional("sqs", name)).into_iter().collect()
}
