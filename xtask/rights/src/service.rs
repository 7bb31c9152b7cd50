//! The AWS services of the local stack.

/// A service, as requests name it in the scope of their signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    ApiGateway,
    CloudControl,
    CloudFormation,
    CloudFront,
    CloudWatch,
    DynamoDb,
    Iam,
    Lambda,
    Logs,
    S3,
    Sqs,
    Ssm,
    Sts,
    XRay,
}

impl Service {
    /// All services.
    pub(crate) const ALL: [Self; 14] = [
        Self::ApiGateway,
        Self::CloudControl,
        Self::CloudFormation,
        Self::CloudFront,
        Self::CloudWatch,
        Self::DynamoDb,
        Self::Iam,
        Self::Lambda,
        Self::Logs,
        Self::S3,
        Self::Sqs,
        Self::Ssm,
        Self::Sts,
        Self::XRay,
    ];

    /// Returns its name in the scope of a signature.
    pub(crate) const fn signing_name(self) -> &'static str {
        match self {
            Self::ApiGateway => "apigateway",
            Self::CloudControl => "cloudcontrolapi",
            Self::CloudFormation => "cloudformation",
            Self::CloudFront => "cloudfront",
            Self::CloudWatch => "monitoring",
            Self::DynamoDb => "dynamodb",
            Self::Iam => "iam",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::S3 => "s3",
            Self::Sqs => "sqs",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::XRay => "xray",
        }
    }

    /// Returns the prefix of its actions in policies.
    pub(crate) const fn action_prefix(self) -> &'static str {
        match self {
            Self::CloudControl => "cloudformation",
            Self::CloudWatch => "cloudwatch",
            other => other.signing_name(),
        }
    }

    /// Returns the service with a name in the scope of a signature.
    pub(crate) fn from_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.signing_name() == name)
    }
}
