//! The contract of the packages service.
//!
//! [`ROUTES`] is the only list of routes. The OpenAPI documents, the gateway's import, the dispatcher
//! of the API function, its CORS methods and its IAM statements are all made from it. This crate does
//! no I/O and knows no AWS SDK, so that everything else can depend on it.

mod asset_path;
mod claims;
mod document;
mod gateway;
mod ids;
mod message_body;
mod messages;
mod package_type;
mod received;
mod restore_queue;
mod route;
mod routes;

pub use asset_path::{AssetPath, AssetPathError, AssetPrefix};
pub use claims::{ClaimError, Claims, DatasetClaim, DatasetRole, OrganizationClaim, UserClaim};
pub use document::openapi_document;
pub use gateway::{Cors, GatewayAuthorizer, GatewaySettings, gateway_document, gateway_preview};
pub use ids::{DatasetId, DatasetNodeId, OrganizationId, PackageId, PackageNodeId, UserNodeId};
pub use message_body::message_body;
pub use messages::{
    ChangelogEvent, ChangelogEventDetail, ChangelogJob, ChangelogMessage, ErrorBody, HashAlgorithm,
    PresignedObject, RestoreFailure, RestoreMessage, RestoreMessagePackage, RestoreRequest, RestoreResponse,
    SIGNED_URL_LIFETIME_SECONDS, SignedFile, SignedPackage,
};
pub use package_type::PackageType;
pub use received::{MalformedMessage, ReceivedPackage, ReceivedRestoreMessage};
pub use restore_queue::{
    RESTORE_FUNCTION_TIMEOUT_SECONDS, RESTORE_QUEUE_MAXIMUM_RECEIVES, RESTORE_QUEUE_VISIBILITY_SECONDS,
    RESTORING_STUCK_AFTER_SECONDS, restore_retry_delay_seconds, restore_retry_delays_seconds,
};
pub use route::{
    Access, Action, ActionResource, Method, Operation, Parameter, ParameterKind, ResponseHeader, Route,
    RouteResponse,
};
pub use routes::{
    CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS, GATEWAY_CORS_ALLOW_HEADERS,
    OBJECT_SIZE_HEADER, ROUTES,
};
