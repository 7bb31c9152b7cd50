//! The routes, as data.

use std::fmt;

use schemars::{Schema, SchemaGenerator};

use crate::claims::DatasetRole;
use crate::messages::{PresignedObject, RestoreRequest, RestoreResponse, SignedFile, SignedPackage};

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
    const fn new(name: &'static str, resource: ActionResource) -> Self {
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

/// `Access-Control-Allow-Headers`, at the gateway and in the function.
pub const CORS_ALLOW_HEADERS: &[&str] = &["Authorization", "Content-Type", "Range", "Origin", "Accept"];
/// `Access-Control-Expose-Headers`, at the gateway and in the function.
pub const CORS_EXPOSE_HEADERS: &[&str] =
    &["Content-Length", "Content-Type", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges"];
/// `Access-Control-Max-Age`, in seconds.
pub const CORS_MAX_AGE_SECONDS: u32 = 3600;

const DATASET_ID: Parameter = Parameter {
    name: "dataset_id",
    required: true,
    kind: ParameterKind::NodeId,
    description: "Node id of the dataset. The caller's token must admit to this very dataset.",
};
const PACKAGE_ID: Parameter = Parameter {
    name: "package_id",
    required: true,
    kind: ParameterKind::NodeId,
    description: "Node id of a package of the dataset that is not deleted.",
};
const ASSET_PATH: Parameter = Parameter {
    name: "path",
    required: false,
    kind: ParameterKind::AssetPath,
    description: "Path of a viewer asset within the package, percent-encoded once. Refused with an empty, \
                  `.` or `..` segment, a leading `/`, a backslash, a control character, or where the whole \
                  key would be longer than 1,024 bytes.",
};
const REDIRECT: Parameter = Parameter {
    name: "redirect",
    required: false,
    kind: ParameterKind::Redirect,
    description: "`false` answers with JSON (GET) or with the object's headers (HEAD) instead of a redirect.",
};
const SCOPE: Parameter = Parameter {
    name: "scope",
    required: false,
    kind: ParameterKind::OneOf(&["file", "package"]),
    description: "`file` signs one URL and needs `path`; `package` signs a policy over all assets of the package.",
};
const PRESIGNED_URL: Parameter = Parameter {
    name: "presigned_url",
    required: true,
    kind: ParameterKind::Url,
    description: "A URL presigned with Signature Version 4 for an object in an allowed bucket, percent-encoded once.",
};

const LOCATION: ResponseHeader =
    ResponseHeader { name: "Location", description: "The presigned URL; do not send `Authorization` to it." };
const OBJECT_HEADERS: &[ResponseHeader] = &[
    ResponseHeader { name: "Content-Type", description: "Of the object." },
    ResponseHeader { name: "ETag", description: "Of the object." },
    ResponseHeader { name: "Last-Modified", description: "Of the object." },
    ResponseHeader { name: "Accept-Ranges", description: "`bytes`" },
    ResponseHeader {
        name: "X-Object-Content-Length",
        description: "The object's size in bytes. The gateway rewrites Content-Length of an answer without a body.",
    },
];

const SEND_TO_RESTORE_QUEUE: Action = Action::new("sqs:SendMessage", ActionResource::RestoreQueue);
const READ_SIGNING_KEY: Action = Action::new("ssm:GetParameter", ActionResource::SigningKeyParameter);
/// Whoever presigns must hold the permission that the URL uses. `ListBucket` makes S3 answer 404, not
/// 403, for an object that is not there: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
const READ_OBJECTS: &[Action] = &[
    Action::new("s3:GetObject", ActionResource::AssetsBucketObjects),
    Action::new("s3:ListBucket", ActionResource::AssetsBucket),
    Action::new("s3:GetObject", ActionResource::StorageBucketObjects),
    Action::new("s3:ListBucket", ActionResource::StorageBuckets),
];
/// A presigned URL may name a version, which takes a permission of its own.
const READ_PROXIED_OBJECTS: &[Action] = &[
    Action::new("s3:GetObject", ActionResource::AssetsBucketObjects),
    Action::new("s3:GetObjectVersion", ActionResource::AssetsBucketObjects),
    Action::new("s3:ListBucket", ActionResource::AssetsBucket),
    Action::new("s3:GetObject", ActionResource::StorageBucketObjects),
    Action::new("s3:GetObjectVersion", ActionResource::StorageBucketObjects),
    Action::new("s3:ListBucket", ActionResource::StorageBuckets),
];

const HEAD_REDIRECT: RouteResponse = RouteResponse {
    status: 307,
    description: "The object, at a URL presigned for HEAD.",
    body: None,
    headers: &[LOCATION],
};
const HEAD_HEADERS: RouteResponse = RouteResponse {
    status: 200,
    description: "With `redirect=false`: the object's headers.",
    body: None,
    headers: OBJECT_HEADERS,
};

/// Every route of the service.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/restore",
        operation: Operation::RestorePackages,
        access: Access::Dataset(DatasetRole::Editor),
        summary: "Restore deleted packages and folders",
        description: "Queues each package for restoring and answers at once: 200 means queued. A folder is \
                      restored with all that was deleted in it. Trouble with one package is reported in \
                      `failures` and never fails the request. Asking again for a package that is stuck \
                      in restoring sends it again.",
        parameters: &[DATASET_ID],
        request_body: Some(SchemaGenerator::subschema_for::<RestoreRequest>),
        responses: &[RouteResponse {
            status: 200,
            description: "What became of each id, in the order asked.",
            body: Some(SchemaGenerator::subschema_for::<RestoreResponse>),
            headers: &[],
        }],
        actions: &[SEND_TO_RESTORE_QUEUE],
    },
    Route {
        method: Method::Get,
        path: "/presign/s3",
        operation: Operation::PresignObject,
        access: Access::Dataset(DatasetRole::Viewer),
        summary: "Presign a package's file or viewer asset in S3",
        description: "Without `path`: the newest source file of the package. With `path`: a viewer asset. \
                      The URL is valid for 3,600 seconds, for GET only.",
        parameters: &[DATASET_ID, PACKAGE_ID, ASSET_PATH, REDIRECT],
        request_body: None,
        responses: &[
            RouteResponse {
                status: 307,
                description: "The object, at a URL presigned for GET.",
                body: None,
                headers: &[LOCATION],
            },
            RouteResponse {
                status: 200,
                description: "With `redirect=false`: the URL as JSON.",
                body: Some(SchemaGenerator::subschema_for::<PresignedObject>),
                headers: &[],
            },
        ],
        actions: READ_OBJECTS,
    },
    Route {
        method: Method::Head,
        path: "/presign/s3",
        operation: Operation::PresignObjectHead,
        access: Access::Dataset(DatasetRole::Viewer),
        summary: "Learn an object's size and type",
        description: "Redirects to a URL presigned for HEAD, since S3 signs the method and the gateway would \
                      rewrite Content-Length in an answer of ours.",
        parameters: &[DATASET_ID, PACKAGE_ID, ASSET_PATH, REDIRECT],
        request_body: None,
        responses: &[HEAD_REDIRECT, HEAD_HEADERS],
        actions: READ_OBJECTS,
    },
    Route {
        method: Method::Get,
        path: "/cloudfront/sign",
        operation: Operation::SignAssets,
        access: Access::Dataset(DatasetRole::Viewer),
        summary: "Sign CloudFront URLs of viewer assets",
        description: "A signed URL opens with GET and HEAD and any Range, for 3,600 seconds.",
        parameters: &[DATASET_ID, PACKAGE_ID, ASSET_PATH, SCOPE],
        request_body: None,
        responses: &[RouteResponse {
            status: 200,
            description: "The signed URL, or with `scope=package` the policy over all assets of the package.",
            body: Some(signed_assets),
            headers: &[],
        }],
        actions: &[READ_SIGNING_KEY],
    },
    Route {
        method: Method::Get,
        path: "/proxy/s3",
        operation: Operation::ProxyObject,
        access: Access::Public,
        summary: "Follow a presigned S3 URL",
        description: "Redirects to the URL, byte for byte, where it is a valid presigned URL of an allowed bucket.",
        parameters: &[PRESIGNED_URL],
        request_body: None,
        responses: &[RouteResponse {
            status: 307,
            description: "The URL that was given.",
            body: None,
            headers: &[LOCATION],
        }],
        actions: &[],
    },
    Route {
        method: Method::Head,
        path: "/proxy/s3",
        operation: Operation::ProxyObjectHead,
        access: Access::Public,
        summary: "Learn the size and type of the object of a presigned S3 URL",
        description: "S3 itself checks the signature first; what it refuses with 403 or 404 is passed on.",
        parameters: &[PRESIGNED_URL, REDIRECT],
        request_body: None,
        responses: &[HEAD_REDIRECT, HEAD_HEADERS],
        actions: READ_PROXIED_OBJECTS,
    },
];

fn signed_assets(generator: &mut SchemaGenerator) -> Schema {
    let file = generator.subschema_for::<SignedFile>();
    let package = generator.subschema_for::<SignedPackage>();
    schemars::json_schema!({ "oneOf": [file, package] })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Access, ROUTES};

    #[test]
    fn routes_and_operations_are_unique() {
        let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.path, route.method)).collect();
        let operations: BTreeSet<_> = ROUTES.iter().map(|route| route.operation.id()).collect();
        assert_eq!((routes.len(), operations.len()), (ROUTES.len(), ROUTES.len()));
    }

    #[test]
    fn a_route_for_a_role_names_the_dataset() {
        for route in ROUTES {
            let names_dataset = route.parameters.iter().any(|parameter| parameter.name == "dataset_id");
            assert_eq!(matches!(route.access, Access::Dataset(_)), names_dataset, "{}", route.path);
        }
    }
}
