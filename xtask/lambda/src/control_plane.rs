//! Reads the deployed resources from the emulated AWS control plane.
//!
//! The local stack serves what was deployed, not what the code would deploy. A template that forgets a route, an
//! authorizer or a variable fails here as it would fail on AWS. A deployed feature that the local stack does not
//! emulate is rejected by name when it is read; it is never ignored.
//!
//! Plain HTTP with a signature is enough for these few requests. Two more SDK crates would double the compile time of
//! this one.

mod arn;
mod event_source;
mod function;
mod http_api;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::Utc;
use http::StatusCode;
use rights::identity::Credentials;
use serde::de::DeserializeOwned;
use url::Url;

pub use arn::{FunctionArn, FunctionName, InvalidArn, QueueArn};
pub use event_source::EventSourceMapping;
pub use function::{DeployedFunction, FunctionRevision};
pub use http_api::{
    AccessLog, AccessLogFormat, AccessLogVariable, Authorizer, AuthorizerId, CorsConfiguration, HttpApi,
    IdentitySource, Integration, Route, RouteKey, RouteMethod, Throttling,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Size limit of a description, in bytes; far more than any of ours.
const MAXIMUM_DESCRIPTION_BYTES: usize = 10 * 1024 * 1024;

/// The reason why a deployed resource could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    /// The HTTP client could not be built.
    #[error("cannot set up an HTTP client for the emulator: {0}")]
    Client(#[source] reqwest::Error),
    /// The request cannot be written.
    #[error("cannot ask for {what}: {source}")]
    Request {
        /// The resource that was requested.
        what: String,
        /// What is wrong with it.
        #[source]
        source: http::Error,
    },
    /// The emulator did not respond, or not in time.
    #[error("the emulator does not respond to a request for {what}: {source}; see its log")]
    Unreachable {
        /// The resource that was requested.
        what: String,
        /// The cause, without a URL: the URL of a function's code is signed.
        #[source]
        source: reqwest::Error,
    },
    /// The resource does not exist.
    #[error("{what} is not deployed; look at the events of the stack, then deploy it again")]
    NotDeployed {
        /// The resource that was requested.
        what: String,
    },
    /// The emulator responded with an error.
    #[error("the emulator answers {status} when asked for {what}: {body}")]
    Refused {
        /// The resource that was requested.
        what: String,
        /// Status of the response.
        status: StatusCode,
        /// The beginning of the response body.
        body: String,
    },
    /// The response exceeds the size limit.
    #[error("the emulator's answer for {what} is longer than {limit} bytes")]
    TooLarge {
        /// The resource that was requested.
        what: String,
        /// The size limit, in bytes.
        limit: usize,
    },
    /// The response does not have the format that AWS documents.
    #[error("the emulator's answer for {what} cannot be understood: {source}")]
    Malformed {
        /// The resource that was requested.
        what: String,
        /// The parse error.
        #[source]
        source: serde_json::Error,
    },
    /// The resource refers to another one by an invalid ARN.
    #[error("{what}: {source}")]
    InvalidArn {
        /// The resource that was requested.
        what: String,
        /// The parse error of the ARN.
        #[source]
        source: InvalidArn,
    },
    /// The resource refers to a resource that does not exist.
    #[error("{what} refers to {missing}, which does not exist")]
    Dangling {
        /// The resource with the reference.
        what: String,
        /// The resource that is missing.
        missing: String,
    },
    /// The resource uses something that the local stack does not emulate.
    #[error(
        "{what}: {feature} is not emulated by the local stack; change the template, or add the feature to the local stack"
    )]
    NotEmulated {
        /// The resource.
        what: String,
        /// The feature that it uses.
        feature: String,
    },
    /// The downloaded code is not the code that was deployed.
    #[error("the code of function {name} has SHA-256 {actual}, but {expected} was deployed; deploy it again")]
    CodeMismatch {
        /// The function.
        name: FunctionName,
        /// SHA-256 of the downloaded code, base64.
        actual: String,
        /// SHA-256 of the deployed code, base64.
        expected: String,
    },
}

impl ControlPlaneError {
    fn not_emulated(what: &str, feature: impl Into<String>) -> Self {
        Self::NotEmulated { what: what.to_owned(), feature: feature.into() }
    }
}

/// Fails with [`ControlPlaneError::NotEmulated`] if `uses` is true.
fn refuse_if(uses: bool, what: &str, feature: impl Into<String>) -> Result<(), ControlPlaneError> {
    if uses { Err(ControlPlaneError::not_emulated(what, feature)) } else { Ok(()) }
}

/// A client of the emulated control plane of one region.
pub struct ControlPlane {
    endpoint: Url,
    region: String,
    credentials: Credentials,
    client: reqwest::Client,
}

impl ControlPlane {
    /// Creates a client without sending a request.
    pub fn new(endpoint_url: Url, region: &str, credentials: Credentials) -> Result<Self, ControlPlaneError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // The emulator runs on this machine, so a proxy from the environment must not be used.
            .no_proxy()
            .build()
            .map_err(ControlPlaneError::Client)?;
        Ok(Self { endpoint: endpoint_url, region: region.to_owned(), credentials, client })
    }

    /// Fetches the description at `path` from `service`.
    async fn describe<T: DeserializeOwned>(
        &self,
        what: &str,
        service: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ControlPlaneError> {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let invalid =
            |error: http::Error| ControlPlaneError::Request { what: what.to_owned(), source: error };
        let request = http::Request::get(url.as_str()).body(()).map_err(invalid)?;
        let (mut parts, ()) = request.into_parts();
        rights::sign(&mut parts, b"", service, &self.region, &self.credentials, Utc::now())
            .map_err(|error| invalid(error.into()))?;
        let request = self.client.get(url).headers(parts.headers);
        let body = self.fetch(what, request, MAXIMUM_DESCRIPTION_BYTES).await?;
        serde_json::from_slice(&body)
            .map_err(|source| ControlPlaneError::Malformed { what: what.to_owned(), source })
    }

    /// Sends a request and reads at most `limit` bytes of the response.
    async fn fetch(
        &self,
        what: &str,
        request: reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Bytes, ControlPlaneError> {
        let unreachable = |source: reqwest::Error| ControlPlaneError::Unreachable {
            what: what.to_owned(),
            source: source.without_url(),
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > limit {
                return Err(ControlPlaneError::TooLarge { what: what.to_owned(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        match status {
            StatusCode::OK => Ok(body.freeze()),
            StatusCode::NOT_FOUND => Err(ControlPlaneError::NotDeployed { what: what.to_owned() }),
            status => Err(ControlPlaneError::Refused {
                what: what.to_owned(),
                status,
                body: String::from_utf8_lossy(&body).chars().take(500).collect(),
            }),
        }
    }
}
