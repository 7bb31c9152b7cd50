//! The routes, as data.

use schemars::{Schema, SchemaGenerator};

use crate::claims::DatasetRole;
use crate::messages::{PresignedObject, RestoreRequest, RestoreResponse, SignedFile, SignedPackage};
use crate::route::{
    Access, Action, ActionResource, Method, Operation, Parameter, ParameterKind, ResponseHeader, Route,
    RouteResponse,
};

/// `Access-Control-Allow-Headers` of the function itself; what a gateway allows is a setting of its environment.
pub const CORS_ALLOW_HEADERS: &[&str] = &["Authorization", "Content-Type", "Range", "Origin", "Accept"];
/// The headers that a gateway allows unless its environment names others.
///
/// Browsers send a preflight request for each of them. Tracing libraries add `traceparent`, `baggage` and
/// `sentry-trace` to every request of a page.
pub const GATEWAY_CORS_ALLOW_HEADERS: &[&str] = &[
    "Authorization",
    "Content-Type",
    "Range",
    "Origin",
    "Accept",
    "traceparent",
    "baggage",
    "sentry-trace",
    "If-Range",
    "Cache-Control",
    "X-Requested-With",
];
/// `Access-Control-Expose-Headers`, in the function, and at the gateway beside [`OBJECT_SIZE_HEADER`].
pub const CORS_EXPOSE_HEADERS: &[&str] =
    &["Content-Length", "Content-Type", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges"];
/// The size of an object in bytes, in an answer without a body, of which the gateway rewrites Content-Length.
pub const OBJECT_SIZE_HEADER: &str = "X-Object-Content-Length";
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
        name: OBJECT_SIZE_HEADER,
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
