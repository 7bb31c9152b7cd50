//! The request of each operation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use local_stack::StackFile;
use openapi::RestoreRequest;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Url};
use strum::VariantArray as _;

use super::operation::Operation;
use super::signed_urls::SignedUrls;

/// The time after which an HTTP API has responded, with an error if its function has not:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const LIMIT: Duration = Duration::from_secs(31);

/// A well-formed id of no dataset.
const OTHER_DATASET: &str = "N:dataset:00000000-0000-4000-8000-000000000000";

/// The demo users who may read the dataset.
const READERS: [&str; 3] = ["owner", "editor", "viewer"];

/// Requests that can be sent many times.
pub(super) struct Requests {
    http: Client,
    tokens: BTreeMap<String, String>,
    prepared: BTreeMap<Operation, Prepared>,
}

struct Prepared {
    method: Method,
    url: Url,
    sender: Sender,
    headers: &'static [(&'static str, &'static str)],
    body: Option<String>,
}

/// Whose token a request has.
enum Sender {
    Nobody,
    Editor,
    /// One reader after the other.
    AnyReader,
}

/// How long an unused connection stays open: not longer than needed, because it is an open file of the stack.
const UNUSED: Duration = Duration::from_secs(5);

/// Returns a client that follows no redirect, because the service ends there.
pub(super) fn client() -> Result<Client> {
    let client = Client::builder().no_proxy().redirect(Policy::none());
    client.timeout(LIMIT).pool_idle_timeout(UNUSED).build().context("cannot make an HTTP client")
}

impl Requests {
    /// Prepares the request of each operation, with new signed URLs.
    pub(super) async fn prepare(http: &Client, stack: &StackFile) -> Result<Arc<Self>> {
        let urls = SignedUrls::request(http, stack).await?;
        let prepared =
            Operation::VARIANTS.iter().map(|operation| Ok((*operation, prepare(*operation, stack, &urls)?)));
        let prepared = prepared.collect::<Result<_>>()?;
        Ok(Arc::new(Self { http: http.clone(), tokens: stack.tokens.clone(), prepared }))
    }

    /// Returns requests that all go to one address.
    #[cfg(test)]
    pub(super) fn to(http: Client, url: &Url) -> Arc<Self> {
        let prepared = |operation: &Operation| {
            let (method, sender) = (Method::GET, Sender::Nobody);
            (*operation, Prepared { method, url: url.clone(), sender, headers: &[], body: None })
        };
        let prepared = Operation::VARIANTS.iter().map(prepared).collect();
        Arc::new(Self { http, tokens: BTreeMap::new(), prepared })
    }

    /// Returns a request; `number` chooses the user.
    pub(super) fn request(&self, operation: Operation, number: usize) -> Option<RequestBuilder> {
        let prepared = self.prepared.get(&operation)?;
        let user = match prepared.sender {
            Sender::Nobody => None,
            Sender::Editor => Some("editor"),
            Sender::AnyReader => READERS.get(number % READERS.len()).copied(),
        };
        let mut request = self.http.request(prepared.method.clone(), prepared.url.clone());
        if let Some(token) = user.and_then(|user| self.tokens.get(user)) {
            request = request.bearer_auth(token);
        }
        for (name, value) in prepared.headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = &prepared.body {
            request = request.body(body.clone());
        }
        Some(request)
    }
}

fn prepare(operation: Operation, stack: &StackFile, urls: &SignedUrls) -> Result<Prepared> {
    let api = |method, path: &str, parameters: &[(&str, &str)]| {
        let dataset = ("dataset_id", stack.dataset_id.as_str());
        let parameters = std::iter::once(&dataset).chain(parameters);
        let url = Url::parse_with_params(&format!("{}{path}", stack.api_url), parameters)?;
        anyhow::Ok(Prepared { method, url, sender: Sender::AnyReader, headers: &[], body: None })
    };
    let cdn = |url: &Url, headers| Prepared {
        method: Method::GET,
        url: url.clone(),
        sender: Sender::Nobody,
        headers,
        body: None,
    };
    let file = ("package_id", stack.packages.live_file.as_str());
    let viewer = ("package_id", stack.packages.viewer.as_str());
    let thumbnail = ("path", stack.assets.thumbnail.as_str());
    let (sign, presign, proxy) = ("/cloudfront/sign", "/presign/s3", "/proxy/s3");
    let presigned = ("presigned_url", urls.presigned.as_str());
    let without_redirect = ("redirect", "false");
    let prepared = match operation {
        Operation::SignFile => api(Method::GET, sign, &[viewer, thumbnail])?,
        Operation::SignPackage => api(Method::GET, sign, &[viewer, ("scope", "package")])?,
        Operation::PresignRedirect => api(Method::GET, presign, &[file])?,
        Operation::PresignJson => api(Method::GET, presign, &[file, without_redirect])?,
        Operation::PresignHeadRedirect => api(Method::HEAD, presign, &[file])?,
        Operation::PresignHead => api(Method::HEAD, presign, &[file, without_redirect])?,
        Operation::ProxyRedirect => {
            Prepared { sender: Sender::Nobody, ..api(Method::GET, proxy, &[presigned])? }
        }
        Operation::ProxyHead => {
            Prepared { sender: Sender::Nobody, ..api(Method::HEAD, proxy, &[presigned, without_redirect])? }
        }
        Operation::Restore => {
            let node_ids = vec![stack.packages.deleted_file.to_string()];
            let body = Some(serde_json::to_string(&RestoreRequest { node_ids })?);
            Prepared { sender: Sender::Editor, body, ..api(Method::POST, "/restore", &[])? }
        }
        Operation::Preflight => Prepared {
            sender: Sender::Nobody,
            headers: &[
                ("origin", "https://app.pennsieve.net"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "authorization,content-type"),
            ],
            ..api(Method::OPTIONS, "/restore", &[])?
        },
        Operation::CdnFile => cdn(&urls.asset, &[]),
        Operation::CdnRange => cdn(&urls.asset, &[("range", "bytes=-1024")]),
        Operation::CdnMissing => cdn(&urls.missing_chunk, &[]),
        Operation::NoToken => {
            Prepared { sender: Sender::Nobody, ..api(Method::GET, sign, &[viewer, thumbnail])? }
        }
        Operation::OtherDataset => {
            let mut other = api(Method::GET, sign, &[viewer, thumbnail])?;
            let parameters = [("dataset_id", OTHER_DATASET), viewer, thumbnail];
            other.url.query_pairs_mut().clear().extend_pairs(parameters);
            other
        }
    };
    Ok(prepared)
}
