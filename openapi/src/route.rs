//! The parts of a route.

use std::fmt;

use schemars::{Schema, SchemaGenerator};

use crate::claims::DatasetRole;
use crate::examples::Example;
use crate::operation::Operation;
use crate::parameters::{DatasetParameters, Parameter, RouteParameters};

/// The HTTP method of a route.
///
/// `OPTIONS` is answered on every path and is not a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`, which the gateway does not derive from a GET route.
    Head,
    /// `POST`
    Post,
}

impl Method {
    /// Returns the method as it is written in a request line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone. The gateway calls no authorizer and sends no claims.
    Public,
    /// Users with at least this role in the dataset of the request.
    Dataset(DatasetRole),
}

/// A group of routes in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Restoring.
    Restore,
    /// URLs of files and assets in S3.
    S3,
    /// URLs of assets in CloudFront.
    CloudFront,
}

impl Tag {
    /// All groups, in the order of the documentation.
    pub const ALL: &[Self] = &[Self::Restore, Self::S3, Self::CloudFront];

    /// Returns the name of the group.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restore => "Restore",
            Self::S3 => "S3",
            Self::CloudFront => "CloudFront",
        }
    }

    /// Returns what the routes of the group are for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Restore => "Deleted packages and folders.",
            Self::S3 => "Presigned URLs of package files and viewer assets.",
            Self::CloudFront => "Signed URLs of viewer assets.",
        }
    }
}

/// A permission of a handler, granted to the role of the API function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    name: &'static str,
    resource: ActionResource,
}

impl Action {
    pub(crate) const fn new(name: &'static str, resource: ActionResource) -> Self {
        Self { name, resource }
    }

    /// Returns the IAM action, such as `s3:GetObject`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns the resource of the permission.
    pub const fn resource(self) -> ActionResource {
        self.resource
    }
}

/// The resource of an [`Action`]; `stack` has the ARNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionResource {
    /// The bucket of the viewer assets.
    AssetsBucket,
    /// The objects in the bucket of the viewer assets.
    AssetsBucketObjects,
    /// The buckets with the files of packages.
    StorageBuckets,
    /// The objects in the buckets with the files of packages.
    StorageBucketObjects,
    /// The restore queue.
    RestoreQueue,
    /// The parameter that holds the active signing key.
    SigningKeyParameter,
}

/// A JSON body.
#[derive(Clone, Copy)]
pub struct JsonBody {
    /// Its schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Bodies with this schema.
    pub examples: fn() -> Vec<Example>,
}

/// A response of a route, besides the errors that every route has.
#[derive(Clone, Copy)]
pub struct RouteResponse {
    /// The status code.
    pub status: u16,
    /// When it is returned.
    pub description: &'static str,
    /// The JSON body, if there is one.
    pub body: Option<JsonBody>,
    /// The headers that matter to a client.
    pub headers: &'static [ResponseHeader],
}

/// A header of a [`RouteResponse`].
#[derive(Clone, Copy, Debug)]
pub struct ResponseHeader {
    /// The name.
    pub name: &'static str,
    /// The meaning.
    pub description: &'static str,
    /// Whether every response has it.
    pub required: bool,
    /// A value.
    pub example: &'static str,
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, without the mapping key of the custom domain.
    pub path: &'static str,
    /// What the route does.
    pub operation: Operation,
    /// Who may call the route.
    pub access: Access,
    /// The group of the route.
    pub tag: Tag,
    /// One line for a list of routes.
    pub summary: &'static str,
    /// What a client has to know.
    pub description: &'static str,
    /// The JSON body of requests, if there is one.
    pub request_body: Option<JsonBody>,
    /// The responses, without the errors that every route has.
    pub responses: &'static [RouteResponse],
    /// The permissions of the handler.
    pub actions: &'static [Action],
}

impl Route {
    /// Returns the query parameters: those of the access, then those of the operation.
    pub fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        let of_access: &[Parameter] = match self.access {
            Access::Public => &[],
            Access::Dataset(_) => DatasetParameters::PARAMETERS,
        };
        of_access.iter().chain(self.operation.parameters())
    }
}
