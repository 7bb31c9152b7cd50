//! The routes, as data.

use schemars::{Schema, SchemaGenerator};

use crate::claims::DatasetRole;
use crate::examples;
use crate::messages::{PresignedObject, RestoreRequest, RestoreResponse, SignedFile, SignedPackage};
use crate::operation::Operation;
use crate::route::{
    Access, Action, ActionResource, JsonBody, Method, ResponseHeader, Route, RouteResponse, Tag,
};

/// `Access-Control-Allow-Headers` of the function.
///
/// The gateway has a setting of its own.
pub const CORS_ALLOW_HEADERS: &[&str] = &["Authorization", "Content-Type", "Range", "Origin", "Accept"];
/// The headers that a gateway allows unless its environment lists others.
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
/// `Access-Control-Expose-Headers` of the function.
///
/// The gateway adds [`OBJECT_SIZE_HEADER`].
pub const CORS_EXPOSE_HEADERS: &[&str] =
    &["Content-Length", "Content-Type", "Content-Range", "ETag", "Last-Modified", "Accept-Ranges"];
/// The header with the size of an object in bytes.
///
/// API Gateway rewrites Content-Length on responses without a body.
pub const OBJECT_SIZE_HEADER: &str = "X-Object-Content-Length";
/// `Access-Control-Max-Age`, in seconds.
pub const CORS_MAX_AGE_SECONDS: u32 = 3600;

const LOCATION: ResponseHeader = ResponseHeader {
    name: "Location",
    description: "The presigned URL. Do not send `Authorization` to it.",
    required: true,
    example: "https://packages-use1.s3.us-east-1.amazonaws.com/O367/D12/eeg.edf?X-Amz-Signature=…",
};
/// The header of responses that have a signed URL.
const NOT_STORED: ResponseHeader = ResponseHeader {
    name: "Cache-Control",
    description: "`no-store`, because the response has a signed URL.",
    required: true,
    example: "no-store",
};
const REDIRECT_HEADERS: &[ResponseHeader] = &[LOCATION, NOT_STORED];
const OBJECT_HEADERS: &[ResponseHeader] = &[
    object_header("Content-Type", "application/octet-stream"),
    object_header("ETag", "\"9b2cf535f27731c974343645a3985328\""),
    object_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ResponseHeader { name: "Accept-Ranges", description: "`bytes`", required: true, example: "bytes" },
    object_header("Cache-Control", "max-age=3600"),
    object_header("Content-Encoding", "gzip"),
    object_header("Content-Disposition", "attachment; filename=\"eeg.edf\""),
    ResponseHeader {
        name: OBJECT_SIZE_HEADER,
        description: "The size of the object in bytes. The gateway rewrites Content-Length on responses without a body.",
        required: true,
        example: "52428800",
    },
];

/// Returns a header that has the value of the object, if the object has one.
const fn object_header(name: &'static str, example: &'static str) -> ResponseHeader {
    ResponseHeader { name, description: "That of the object.", required: false, example }
}

const SEND_TO_RESTORE_QUEUE: Action = Action::new("sqs:SendMessage", ActionResource::RestoreQueue);
const READ_SIGNING_KEY: Action = Action::new("ssm:GetParameter", ActionResource::SigningKeyParameter);
/// The permissions that a presigned URL uses.
///
/// `ListBucket` makes S3 return 404 instead of 403 for a missing object:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
const READ_OBJECTS: &[Action] = &[
    Action::new("s3:GetObject", ActionResource::AssetsBucketObjects),
    Action::new("s3:ListBucket", ActionResource::AssetsBucket),
    Action::new("s3:GetObject", ActionResource::StorageBucketObjects),
    Action::new("s3:ListBucket", ActionResource::StorageBuckets),
];
/// The permissions of `HEAD /proxy/s3`.
///
/// A presigned URL can name a version, which requires its own permission.
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
    description: "A redirect to the object, at a URL presigned for HEAD.",
    body: None,
    headers: REDIRECT_HEADERS,
};
const HEAD_HEADERS: RouteResponse = RouteResponse {
    status: 200,
    description: "With `redirect=false`: the headers of the object.",
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
        tag: Tag::Restore,
        summary: "Restore deleted packages and folders",
        description: "Queues each package for restoring and returns immediately: 200 means queued. A folder is \
                      restored with everything that was deleted in it. A package that cannot be queued is \
                      listed in `failures` and never fails the request. Repeat the request for a package \
                      that is stuck while restoring: it is queued again.",
        request_body: Some(JsonBody {
            schema: SchemaGenerator::subschema_for::<RestoreRequest>,
            examples: examples::restore_request,
        }),
        responses: &[RouteResponse {
            status: 200,
            description: "The result for each id, in the order of the request.",
            body: Some(JsonBody {
                schema: SchemaGenerator::subschema_for::<RestoreResponse>,
                examples: examples::restore_response,
            }),
            headers: &[],
        }],
        actions: &[SEND_TO_RESTORE_QUEUE],
    },
    Route {
        method: Method::Get,
        path: "/presign/s3",
        operation: Operation::PresignObject,
        access: Access::Dataset(DatasetRole::Viewer),
        tag: Tag::S3,
        summary: "Presign a package's file or viewer asset in S3",
        description: "Without `path`: the newest source file of the package. With `path`: a viewer asset. \
                      The URL is valid for 3,600 seconds, for GET only.",
        request_body: None,
        responses: &[
            RouteResponse {
                status: 307,
                description: "A redirect to the object, at a URL presigned for GET.",
                body: None,
                headers: REDIRECT_HEADERS,
            },
            RouteResponse {
                status: 200,
                description: "With `redirect=false`: the URL as JSON.",
                body: Some(JsonBody {
                    schema: SchemaGenerator::subschema_for::<PresignedObject>,
                    examples: examples::presigned_object,
                }),
                headers: &[NOT_STORED],
            },
        ],
        actions: READ_OBJECTS,
    },
    Route {
        method: Method::Head,
        path: "/presign/s3",
        operation: Operation::PresignObjectHead,
        access: Access::Dataset(DatasetRole::Viewer),
        tag: Tag::S3,
        summary: "Learn an object's size and type",
        description: "Redirects to a URL presigned for HEAD: S3 signs the method, and the gateway would rewrite \
                      Content-Length on a response of this service.",
        request_body: None,
        responses: &[HEAD_REDIRECT, HEAD_HEADERS],
        actions: READ_OBJECTS,
    },
    Route {
        method: Method::Get,
        path: "/cloudfront/sign",
        operation: Operation::SignAssets,
        access: Access::Dataset(DatasetRole::Viewer),
        tag: Tag::CloudFront,
        summary: "Sign CloudFront URLs of viewer assets",
        description: "A signed URL is valid for GET and HEAD with any Range, for 3,600 seconds.",
        request_body: None,
        responses: &[RouteResponse {
            status: 200,
            description: "The signed URL, or with `scope=package` the policy for all assets of the package.",
            body: Some(JsonBody { schema: signed_assets, examples: examples::signed_assets }),
            headers: &[NOT_STORED],
        }],
        actions: &[READ_SIGNING_KEY],
    },
    Route {
        method: Method::Get,
        path: "/proxy/s3",
        operation: Operation::ProxyObject,
        access: Access::Public,
        tag: Tag::S3,
        summary: "Follow a presigned S3 URL",
        description: "Redirects to the URL, unchanged, if it is a valid presigned URL of an allowed bucket.",
        request_body: None,
        responses: &[RouteResponse {
            status: 307,
            description: "A redirect to the given URL.",
            body: None,
            headers: REDIRECT_HEADERS,
        }],
        actions: &[],
    },
    Route {
        method: Method::Head,
        path: "/proxy/s3",
        operation: Operation::ProxyObjectHead,
        access: Access::Public,
        tag: Tag::S3,
        summary: "Learn the size and type of the object of a presigned S3 URL",
        description: "S3 checks the signature first; its 403 and 404 are passed on.",
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
    fn route_that_requires_a_role_has_the_dataset_parameter() {
        for route in ROUTES {
            let names_dataset = route.parameters().any(|parameter| parameter.name == "dataset_id");
            assert_eq!(matches!(route.access, Access::Dataset(_)), names_dataset, "{}", route.path);
        }
    }
}
