//! `DeleteObjects`: the response has an error for each denied object, next to the deleted objects.

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Response};
use http_body_util::{BodyExt, Limited};

use super::body::{Body, Payload, full};
use super::forward::Upstream;
use crate::denial::{Denial, escape};
use crate::refusal::Refusal;
use crate::services::DeleteObjects;
use crate::signature::Signature;

const END: &str = "</DeleteResult>";
const EMPTY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></DeleteResult>";
/// The largest response: a thousand keys of a kilobyte, with their escapes.
const LIMIT: usize = 16 * 1024 * 1024;
/// Checksums of the original body.
const CHECKSUMS: [&str; 4] =
    ["content-md5", "x-amz-content-sha256", "x-amz-checksum-crc32", "x-amz-sdk-checksum-algorithm"];

/// Forwards the allowed part of a request. `refusals` has an entry for each object.
pub(super) async fn send(
    upstream: &Upstream,
    parts: &Parts,
    signature: Option<&Signature>,
    payload: Payload,
    mut request: DeleteObjects,
    refusals: Vec<Option<Refusal>>,
) -> Result<Response<Body>, Denial> {
    if refusals.iter().all(Option::is_none) {
        return upstream.send(parts, signature, payload).await;
    }
    // Only objects in the signed body are deleted.
    payload.checked(parts)?;
    let mut errors = String::new();
    let mut refusals = refusals.into_iter();
    request.objects.retain(|object| {
        let Some(refusal) = refusals.next().flatten() else { return true };
        // Writing to a String cannot fail.
        let _ = write!(
            errors,
            "<Error>{}<Code>AccessDenied</Code><Message>{}</Message></Error>",
            object.elements(),
            escape(&refusal.to_string())
        );
        false
    });
    let xml = if request.objects.is_empty() {
        EMPTY.to_owned()
    } else {
        let mut parts = parts.clone();
        for name in CHECKSUMS {
            parts.headers.remove(name);
        }
        let body = request.body();
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        parts.headers.remove(TRANSFER_ENCODING);
        let response = upstream.send(&parts, signature, Payload::Read(body.into())).await?;
        if !response.status().is_success() {
            return Ok(response);
        }
        let body = Limited::new(response.into_body(), LIMIT).collect().await;
        let body = body.map_err(|error| Denial::Unavailable(error.to_string()))?.to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    };
    let xml = xml.replace(END, &format!("{errors}{END}"));
    let mut response = Response::new(full(Bytes::from(xml)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}
