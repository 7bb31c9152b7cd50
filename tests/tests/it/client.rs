//! A client of the API and of the CDN.

use std::time::Duration;

use openapi::{RestoreResponse, SignedFile};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::stack::{Stack, stack};

/// A client; it follows no redirect, so that a test sees each response.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) stack: &'static Stack,
}

/// Returns an HTTP client for this machine.
pub(crate) fn http() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
    client.timeout(Duration::from_mins(1)).build().unwrap()
}

impl Client {
    pub(crate) async fn new() -> Self {
        Self::for_stack(stack().await)
    }

    /// Returns a client of a stack.
    pub(crate) fn for_stack(stack: &'static Stack) -> Self {
        Self { http: http(), stack }
    }

    /// Returns a request to the API without a token.
    pub(crate) fn request(&self, method: Method, path: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        let url = Url::parse_with_params(&format!("{}{path}", self.stack.api_url), parameters);
        self.http.request(method, url.unwrap())
    }

    /// Returns a request to the API by one of the demo users.
    pub(crate) fn request_as(
        &self,
        user: &str,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> RequestBuilder {
        self.request(method, path, parameters).bearer_auth(&self.stack.tokens[user])
    }

    /// Sends a GET request as the viewer.
    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Response {
        self.request_as("viewer", Method::GET, path, parameters).send().await.unwrap()
    }

    /// Sends a GET request to any URL.
    pub(crate) async fn open(&self, url: &str) -> Response {
        self.http.get(url).send().await.unwrap()
    }

    /// Requests a restore of packages, as the editor.
    pub(crate) async fn restore(&self, dataset: &str, node_ids: &[&str]) -> RestoreResponse {
        let parameters = [("dataset_id", dataset)];
        let request = self.request_as("editor", Method::POST, "/restore", &parameters);
        json_of(request.json(&json!({ "nodeIds": node_ids })).send().await.unwrap()).await
    }

    /// Returns a signed URL of an asset of the demo package `viewer`.
    pub(crate) async fn sign(&self, path: &str) -> String {
        let response = self.get("/cloudfront/sign", &self.asset(path)).await;
        json_of::<SignedFile>(response).await.signed_url
    }

    /// Returns the status of an asset at a URL that is signed for it, or of the response that has no URL.
    ///
    /// After a rotation, a local function may still run with a key whose parameters are gone.
    pub(crate) async fn open_signed(&self, path: &str) -> StatusCode {
        let response = self.get("/cloudfront/sign", &self.asset(path)).await;
        if response.status() != StatusCode::OK {
            return response.status();
        }
        let url = json_of::<SignedFile>(response).await.signed_url;
        self.open(&url).await.status()
    }

    /// Returns a presigned URL of an asset of the demo package `viewer`.
    pub(crate) async fn presign(&self, path: &str) -> String {
        let parameters = [self.asset(path).as_slice(), &[("redirect", "false")]].concat();
        let response: Value = json_of(self.get("/presign/s3", &parameters).await).await;
        response["presigned_url"].as_str().unwrap().to_owned()
    }

    /// Returns the parameters for an asset of the demo package `viewer`.
    pub(crate) fn asset<'a>(&self, path: &'a str) -> [(&'a str, &'a str); 3] {
        [("dataset_id", &self.stack.dataset_id), ("package_id", &self.stack.packages.viewer), ("path", path)]
    }
}

/// Returns the JSON of a response, which must have status 200.
pub(crate) async fn json_of<T: DeserializeOwned>(response: Response) -> T {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns a header of a response, blank where it is missing.
pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Returns status and message of an error response.
pub(crate) async fn error_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["message"].as_str().unwrap().to_owned())
}
