//! The contract of the packages service.
//!
//! [`ROUTES`] is the only list of routes. The OpenAPI documents, the import of the gateway, the dispatcher of
//! the API function, its CORS methods and its IAM statements are made from it. This crate does no I/O and
//! depends on no AWS SDK and no database client, so every other crate can depend on it.

mod asset_path;
mod claims;
mod document;
mod examples;
mod gateway;
mod ids;
mod message_body;
mod messages;
mod operation;
mod package_type;
mod parameters;
mod received;
mod restore_queue;
mod route;
mod routes;
pub mod telemetry;
pub mod variables;

pub use asset_path::{AssetPath, AssetPathError, AssetPrefix};
pub use claims::{ClaimError, Claims, DatasetClaim, DatasetRole, OrganizationClaim, UserClaim};
pub use document::openapi_document;
pub use examples::Example;
pub use gateway::{Cors, GatewayAuthorizer, GatewaySettings, gateway_document, gateway_preview};
pub use ids::{
    DatasetId, DatasetNodeId, OrganizationId, PackageId, PackageNodeId, UserId, UserNodeId, is_node_id,
};
pub use message_body::message_body;
pub use messages::{
    ChangelogEvent, ChangelogEventDetail, ChangelogJob, ChangelogMessage, ErrorBody, HashAlgorithm,
    PresignedObject, RestoreFailure, RestoreMessage, RestoreMessagePackage, RestoreRequest, RestoreResponse,
    SIGNED_URL_LIFETIME_SECONDS, SignedFile, SignedPackage,
};
pub use operation::{Call, Operation};
pub use package_type::PackageType;
pub use parameters::{
    DatasetParameters, Delivery, NoParameters, Parameter, ParameterError, ParameterKind, ParameterProblem,
    PresignParameters, ProxyHeadParameters, ProxyParameters, Query, RouteParameters, Scope, SignParameters,
    Unparsed, UrlParameter,
};
pub use received::{MalformedMessage, ReceivedPackage, ReceivedRestoreMessage};
pub use restore_queue::{
    RESTORE_FUNCTION_TIMEOUT_SECONDS, RESTORE_QUEUE_MAXIMUM_RECEIVES, RESTORE_QUEUE_VISIBILITY_SECONDS,
    RESTORING_STUCK_AFTER_SECONDS, restore_retry_delay_seconds, restore_retry_delays_seconds,
};
pub use route::{
    Access, Action, ActionResource, JsonBody, Method, ResponseHeader, Route, RouteResponse, Tag,
};
pub use routes::{
    CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS, GATEWAY_CORS_ALLOW_HEADERS,
    OBJECT_SIZE_HEADER, ROUTES,
};

#[cfg(test)]
mod tests {
    #[test]
    fn crate_depends_on_neither_the_aws_sdk_nor_a_database_client() {
        let manifest = include_str!("../Cargo.toml");
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let names: Vec<&str> = dependencies
            .lines()
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once('.').map(|(name, _)| name))
            .collect();
        assert_eq!(names, ["percent-encoding", "schemars", "serde", "serde_json", "thiserror"]);
    }
}
