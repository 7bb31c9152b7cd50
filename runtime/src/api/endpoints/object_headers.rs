//! Responses with the headers of an object.

use lambda_http::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG,
    LAST_MODIFIED,
};
use lambda_http::http::{HeaderName, StatusCode};
use openapi::OBJECT_SIZE_HEADER;

use crate::http::Response;

/// The headers of an object. Those that are `None` are left out.
#[derive(Default)]
pub(super) struct ObjectHeaders {
    pub(super) content_type: Option<String>,
    /// The size of the object in bytes.
    pub(super) size: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) accept_ranges: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
}

impl ObjectHeaders {
    /// Returns the response to HEAD with `redirect=false`.
    pub(super) fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CONTENT_LENGTH, self.size.clone()),
            (ETAG, self.etag),
            (LAST_MODIFIED, self.last_modified),
            (ACCEPT_RANGES, self.accept_ranges),
            (CACHE_CONTROL, self.cache_control),
            (CONTENT_ENCODING, self.content_encoding),
            (CONTENT_DISPOSITION, self.content_disposition),
        ];
        let size_header = HeaderName::from_bytes(OBJECT_SIZE_HEADER.as_bytes()).ok();
        let present = headers.into_iter().chain(size_header.map(|name| (name, self.size)));
        present
            .filter_map(|(name, value)| Some((name, value?)))
            .fold(Response::empty(StatusCode::OK), |response, (name, value)| response.header(name, &value))
    }
}
