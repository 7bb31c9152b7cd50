//! Responses, payload format 2.0.

use std::collections::BTreeMap;

use openapi::{CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS, CORS_MAX_AGE_SECONDS, Route};
use serde::Serialize;

/// A response as the gateway takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    status_code: u16,
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
    is_base64_encoded: bool,
}

impl Response {
    /// A response without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status_code: status, headers: BTreeMap::new(), body: String::new(), is_base64_encoded: false }
    }

    /// A JSON response.
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => {
                Self { body, ..Self::empty(status) }.header("Content-Type", "application/json".to_owned())
            }
            // Our types have string keys and finite numbers only, so this cannot be reached; it is still an answer.
            Err(_) => Self::empty(500),
        }
    }

    /// A redirect that keeps the method, to a URL that grants access by itself.
    pub(super) fn redirect_to_signed(location: String) -> Self {
        Self::empty(307).header("Location", location).not_stored()
    }

    /// The answer to `OPTIONS`.
    pub(super) fn preflight() -> Self {
        Self::empty(204).header("Access-Control-Max-Age", CORS_MAX_AGE_SECONDS.to_string())
    }

    /// Set a header.
    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// For responses that carry a signed URL.
    #[must_use]
    pub(super) fn not_stored(self) -> Self {
        self.header("Cache-Control", "no-store".to_owned())
    }

    /// The CORS headers, for where no gateway is in front.
    #[must_use]
    pub(super) fn with_cors(self, on_path: &[&Route]) -> Self {
        self.header("Access-Control-Allow-Origin", "*".to_owned())
            .header("Access-Control-Allow-Methods", methods_of(on_path))
            .header("Access-Control-Allow-Headers", CORS_ALLOW_HEADERS.join(", "))
            .header("Access-Control-Expose-Headers", CORS_EXPOSE_HEADERS.join(", "))
    }

    pub(super) fn status(&self) -> u16 {
        self.status_code
    }
}

/// The methods of a path, for `Allow` and for CORS.
pub(super) fn methods_of(on_path: &[&Route]) -> String {
    let methods = on_path.iter().map(|route| route.method.name()).chain(["OPTIONS"]);
    methods.collect::<Vec<_>>().join(", ")
}
