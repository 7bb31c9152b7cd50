//! Where a stack is, and the ARNs of its resources there.

use serde_json::Value as Json;

/// A stack and its template, which contains the names of its resources.
#[derive(Debug)]
pub(crate) struct Location<'a> {
    /// The partition, such as `aws`.
    pub(crate) partition: &'a str,
    pub(crate) region: &'a str,
    /// The account, or `*` for any account.
    pub(crate) account: &'a str,
    pub(crate) stack_name: String,
    /// The template. It contains the values of the parameters that policies name.
    pub(crate) template: Json,
}

impl Location<'_> {
    /// Returns the resources of a type, by logical id.
    pub(crate) fn resources(&self, resource_type: &str) -> impl Iterator<Item = (&str, &Json)> {
        resources(&self.template, resource_type)
    }

    /// Whether the template has a resource of a type.
    pub(crate) fn has(&self, resource_type: &str) -> bool {
        self.resources(resource_type).next().is_some()
    }

    /// Returns an ARN for each resource of a type, made from the property with its name.
    pub(crate) fn each(
        &self,
        resource_type: &str,
        property: &str,
        arn: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let names = self.resources(resource_type).filter_map(|(_, it)| it["Properties"][property].as_str());
        names.map(arn).collect()
    }

    pub(crate) fn regional(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    pub(crate) fn global(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition, self.account)
    }

    /// Returns an ARN of API Gateway, which contains no account.
    pub(crate) fn gateway(&self, path: &str) -> String {
        format!("arn:{}:apigateway:{}::{path}", self.partition, self.region)
    }

    /// Returns the ARN of a bucket or of objects in it.
    pub(crate) fn s3(&self, path: &str) -> String {
        format!("arn:{}:s3:::{path}", self.partition)
    }

    /// Returns the ARNs of the roles of the stack, which CloudFormation names after the stack.
    pub(crate) fn roles(&self) -> String {
        self.global("iam", &format!("role/{}-*", self.stack_name))
    }

    /// Returns the permissions boundary of the roles of the stack.
    pub(crate) fn permissions_boundary(&self) -> Option<&str> {
        let mut roles = self.resources("AWS::IAM::Role");
        roles.find_map(|(_, role)| role["Properties"]["PermissionsBoundary"].as_str())
    }
}

/// Returns the resources of a type in a template, by logical id.
pub(super) fn resources<'a>(
    template: &'a Json,
    resource_type: &str,
) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let all = template["Resources"].as_object().into_iter().flatten();
    all.filter(move |(_, resource)| resource["Type"] == resource_type)
        .map(|(id, resource)| (id.as_str(), resource))
}
