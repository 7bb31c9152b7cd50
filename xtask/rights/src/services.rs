//! The permissions that each operation of each service needs.
//!
//! The actions, their resources and their condition keys are those of the service authorization reference:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

mod api_gateway;
mod cloudformation;
mod cloudfront;
mod cloudwatch;
mod dynamodb;
mod iam;
mod json;
mod lambda;
mod logs;
mod path;
mod s3;
mod sqs;
mod ssm;
mod xray;

#[cfg(test)]
mod tests;

use http::request::Parts;

use crate::access::Access;
use crate::policies::Policies;
use crate::query::Query;
use crate::service::Service;

pub(crate) use lambda::function_name;
pub(crate) use s3::{DeleteObjects, deletes_objects, object_of};

/// A request to a service.
pub(crate) struct Call<'a> {
    pub(crate) service: Service,
    pub(crate) region: &'a str,
    pub(crate) parts: &'a Parts,
    /// The parameters in the URL.
    pub(crate) query: Query,
    /// The deployed policies, with the stacks of change sets.
    pub(crate) policies: &'a Policies,
    /// The body, which is empty for operations that need none to be recognized.
    pub(crate) body: &'a [u8],
}

/// An operation with unknown permissions. It is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the local stack does not know which permissions {operation} of {service} needs")]
pub(crate) struct UnknownOperation {
    pub(crate) service: &'static str,
    pub(crate) operation: String,
}

type Required = Result<Vec<Access>, UnknownOperation>;

impl Call<'_> {
    /// Returns the permissions that the request needs; none for an operation that needs no permission.
    pub(crate) fn required(&self) -> Required {
        match self.service {
            Service::ApiGateway => api_gateway::required(self),
            Service::CloudControl => cloudformation::control(self),
            Service::CloudFormation => cloudformation::required(self),
            Service::CloudFront => cloudfront::required(self),
            Service::CloudWatch => cloudwatch::required(self),
            Service::DynamoDb => dynamodb::required(self),
            Service::Iam => iam::required(self),
            Service::Lambda => lambda::required(self),
            Service::Logs => logs::required(self),
            Service::S3 => s3::required(self),
            Service::Sqs => sqs::required(self),
            Service::Ssm => ssm::required(self),
            Service::XRay => xray::required(self),
            // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permissions are required.
            Service::Sts if self.operation() == "GetCallerIdentity" => Ok(Vec::new()),
            Service::Sts => self.unknown(self.operation()),
        }
    }

    /// Returns the operation of a protocol that names it: in a header, in the path, or in a form.
    pub(crate) fn operation(&self) -> String {
        let target = self.parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some((_, operation)) = target.and_then(|target| target.rsplit_once('.')) {
            return operation.to_owned();
        }
        if let Some((_, operation)) = self.parts.uri.path().rsplit_once("/operation/") {
            return operation.to_owned();
        }
        self.form().get("Action").unwrap_or_default().to_owned()
    }

    /// Returns the parameters in the body.
    pub(crate) fn form(&self) -> Query {
        Query::parse_form(&String::from_utf8_lossy(self.body))
    }

    fn unknown<T>(&self, operation: impl Into<String>) -> Result<T, UnknownOperation> {
        Err(UnknownOperation { service: self.service.action_prefix(), operation: operation.into() })
    }

    fn action(&self, operation: &str) -> String {
        format!("{}:{operation}", self.service.action_prefix())
    }

    /// Returns the use of a KMS key by the service that the request is for.
    fn key_access(&self, action: &str, key: &str) -> Access {
        let service = format!("{}.{}.amazonaws.com", self.service.action_prefix(), self.region);
        Access::new(action, key).with("kms:ViaService", service)
    }

    fn regional(&self, resource: &str) -> String {
        crate::access::regional(self.service.action_prefix(), self.region, resource)
    }
}
