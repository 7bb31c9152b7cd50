//! What a route is.

use std::fmt;

use schemars::{Schema, SchemaGenerator};

use crate::claims::DatasetRole;

/// An HTTP method that a route answers. `OPTIONS` is answered for every path and is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`; the gateway does not answer it from a GET route.
    Head,
    /// `POST`
    Post,
}

impl Method {
    /// The method as it stands in a request line.
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

/// What a route does. The dispatcher matches on this, so an operation without a handler does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Queue deleted packages for restoring.
    RestorePackages,
    /// Presign an S3 object for GET.
    PresignObject,
    /// Presign an S3 object for HEAD, or answer with its headers.
    PresignObjectHead,
    /// Sign a CloudFront URL or a policy over a package's assets.
    SignAssets,
    /// Redirect to a presigned S3 URL.
    ProxyObject,
    /// Redirect to a HEAD-presigned URL of the object of a presigned S3 URL.
    ProxyObjectHead,
}

impl Operation {
    /// The operation id in the OpenAPI documents.
    pub const fn id(self) -> &'static str {
        match self {
            Self::RestorePackages => "restorePackages",
            Self::PresignObject => "presignObject",
            Self::PresignObjectHead => "presignObjectHead",
            Self::SignAssets => "signAssets",
            Self::ProxyObject => "proxyObject",
            Self::ProxyObjectHead => "proxyObjectHead",
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone. The gateway calls no authorizer and sends no claims.
    Public,
    /// Whoever has at least this role in the dataset that the parameter `dataset_id` names.
    Dataset(DatasetRole),
}

/// A permission that a handler needs, granted to the API function's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    name: &'static str,
    resource: ActionResource,
}

impl Action {
    pub(crate) const fn new(name: &'static str, resource: ActionResource) -> Self {
        Self { name, resource }
    }

    /// The IAM action, such as `s3:GetObject`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What it is granted on.
    pub const fn resource(self) -> ActionResource {
        self.resource
    }
}

/// What an [`Action`] is granted on; the stack knows the ARNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionResource {
    /// The bucket of the viewer assets.
    AssetsBucket,
    /// The objects in the bucket of the viewer assets.
    AssetsBucketObjects,
    /// The buckets of the packages' files.
    StorageBuckets,
    /// The objects in the buckets of the packages' files.
    StorageBucketObjects,
    /// The queue of the restore function.
    RestoreQueue,
    /// The parameter of the active signing key.
    SigningKeyParameter,
}

/// A query parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// What it may hold.
    pub kind: ParameterKind,
    /// What it means.
    pub description: &'static str,
}

/// What a query parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A node id.
    NodeId,
    /// The path of an asset within its package.
    AssetPath,
    /// An absolute URL.
    Url,
    /// One of these words; the first is the default.
    OneOf(&'static [&'static str]),
    /// `false` turns the redirect into JSON; anything else is the default, a redirect.
    Redirect,
}

/// A response of a route beside the errors that every route has.
#[derive(Clone, Copy)]
pub struct RouteResponse {
    /// The status code.
    pub status: u16,
    /// When it is given.
    pub description: &'static str,
    /// The schema of its JSON body, if it has one.
    pub body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The headers that matter to a client.
    pub headers: &'static [ResponseHeader],
}

/// A header of a [`RouteResponse`].
#[derive(Clone, Copy, Debug)]
pub struct ResponseHeader {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub description: &'static str,
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, without the mapping key of the custom domain.
    pub path: &'static str,
    /// What it does.
    pub operation: Operation,
    /// Who may call it.
    pub access: Access,
    /// One line for a list of routes.
    pub summary: &'static str,
    /// What someone who calls it has to know.
    pub description: &'static str,
    /// The query parameters.
    pub parameters: &'static [Parameter],
    /// The schema of the JSON body, if it takes one.
    pub request_body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The responses, without the errors that every route has.
    pub responses: &'static [RouteResponse],
    /// The permissions that its handler needs.
    pub actions: &'static [Action],
}
