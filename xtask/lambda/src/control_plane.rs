//! Reads what is deployed from the emulated AWS control plane.
//!
//! The data plane of the local stack serves what was deployed, not what the code says should have been: a template
//! that forgets a route, an authorizer or a variable fails here as it would fail on AWS. What is deployed but not
//! emulated is refused when it is read, with its name, so that nothing seems to work here that is never tried.
//!
//! The emulator takes the region from the credential scope of a request and checks no signature on these services,
//! so plain HTTP with such a scope is all it takes; two more SDK crates would double the compile time of this one.

mod arn;
mod event_source;
mod function;
mod http_api;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::AUTHORIZATION;
use serde::de::DeserializeOwned;
use url::Url;

pub use arn::{FunctionArn, FunctionName, InvalidArn, QueueArn};
pub use event_source::EventSourceMapping;
pub use function::{DeployedFunction, FunctionRevision};
pub use http_api::{
    Authorizer, AuthorizerId, CorsConfiguration, HttpApi, IdentitySource, Integration, Route, RouteKey,
    RouteMethod,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A description of a resource: far more than any of ours.
const MAXIMUM_DESCRIPTION_BYTES: usize = 10 * 1024 * 1024;

/// Why a deployed resource could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ControlPlaneError {
    /// The HTTP client could not be made.
    #[error("cannot set up an HTTP client for the emulator: {0}")]
    Client(#[source] reqwest::Error),
    /// The emulator did not answer, or not in time.
    #[error("the emulator does not answer when asked for {what}: {source}; look into its log")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// Why there was no answer; it names no URL, because that of a function's code is signed.
        #[source]
        source: reqwest::Error,
    },
    /// The resource is not there.
    #[error("{what} is not deployed; look at the events of the stack, then deploy it again")]
    NotDeployed {
        /// What was asked for.
        what: String,
    },
    /// The emulator answered with an error.
    #[error("the emulator answers {status} when asked for {what}: {body}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Status of the answer.
        status: StatusCode,
        /// The beginning of the answer.
        body: String,
    },
    /// The answer is longer than it may be.
    #[error("the emulator's answer for {what} is longer than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The answer is not what AWS would answer.
    #[error("the emulator's answer for {what} cannot be understood: {source}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The resource names another one by something that is no ARN.
    #[error("{what}: {source}")]
    InvalidArn {
        /// What was asked for.
        what: String,
        /// What is wrong with the ARN.
        #[source]
        source: InvalidArn,
    },
    /// The resource refers to one that is not there.
    #[error("{what} refers to {missing}, which is not there")]
    Dangling {
        /// The resource with the reference.
        what: String,
        /// The resource that is missing.
        missing: String,
    },
    /// The resource uses something that the local stack does not emulate.
    #[error("{what}: {feature} is not emulated by the local stack; change the template, or teach the stack")]
    NotEmulated {
        /// The resource.
        what: String,
        /// What it uses.
        feature: String,
    },
    /// The code that came is not the code that was deployed.
    #[error("the code of function {name} has SHA-256 {actual}, but {expected} was deployed; deploy it again")]
    CodeMismatch {
        /// The function.
        name: FunctionName,
        /// Hash of what came, base64.
        actual: String,
        /// Hash of what was deployed, base64.
        expected: String,
    },
}

impl ControlPlaneError {
    fn not_emulated(what: &str, feature: impl Into<String>) -> Self {
        Self::NotEmulated { what: what.to_owned(), feature: feature.into() }
    }
}

/// Fails with [`ControlPlaneError::NotEmulated`] where a resource uses what is not emulated.
fn refuse_if(uses: bool, what: &str, feature: impl Into<String>) -> Result<(), ControlPlaneError> {
    if uses { Err(ControlPlaneError::not_emulated(what, feature)) } else { Ok(()) }
}

/// The emulated control plane of one region.
pub struct ControlPlane {
    endpoint: Url,
    region: String,
    client: reqwest::Client,
}

impl ControlPlane {
    /// Makes a client; nothing is sent yet.
    pub fn new(endpoint_url: Url, region: &str) -> Result<Self, ControlPlaneError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // The emulator is on this machine; a proxy of the surroundings must not come between.
            .no_proxy()
            .build()
            .map_err(ControlPlaneError::Client)?;
        Ok(Self { endpoint: endpoint_url, region: region.to_owned(), client })
    }

    /// Asks `service` for the description at `path`.
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
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20000101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let request = self.client.get(url).header(AUTHORIZATION, scope);
        let body = self.fetch(what, request, MAXIMUM_DESCRIPTION_BYTES).await?;
        serde_json::from_slice(&body)
            .map_err(|source| ControlPlaneError::Malformed { what: what.to_owned(), source })
    }

    /// Sends a request and reads its answer, `limit` bytes at most.
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
