//! Bodies of requests and responses.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_lc_rs::digest;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use crate::denial::Denial;
use crate::service::Service;
use crate::signature::{Signature, SignatureError, hex, sha256};

/// An error while a body is forwarded.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A body that is being forwarded.
pub(super) type Body = BoxBody<Bytes, BodyError>;

/// The largest body that is kept in memory; larger objects are streamed.
const LIMIT: usize = 16 * 1024 * 1024;

/// Returns a body that is complete.
pub(super) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// The body of a request.
pub(super) enum Payload {
    /// A body in memory.
    Read(Bytes),
    /// A body that is streamed to the emulator.
    Stream(Incoming),
}

impl Payload {
    /// Reads a body into memory, except that of a large object.
    pub(super) async fn read(service: Service, parts: &Parts, body: Incoming) -> Result<Self, Denial> {
        let is_large = body.size_hint().upper().is_none_or(|size| size > LIMIT as u64);
        if service == Service::S3 && is_large && parts.method == http::Method::PUT {
            return Ok(Self::Stream(body));
        }
        let read = Limited::new(body, LIMIT).collect().await;
        read.map(|read| Self::Read(read.to_bytes())).map_err(|_| Denial::TooLarge { limit: LIMIT })
    }

    /// Returns the body in memory; empty for one that is streamed.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Stream(_) => &[],
        }
    }

    /// Returns the signed hash: the value of the header `x-amz-content-sha256`, or the hash of the body.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    pub(super) fn signed_hash(&self, parts: &Parts, signature: &Signature) -> String {
        if signature.is_presigned() && signature.scope.service == "s3" {
            return "UNSIGNED-PAYLOAD".to_owned();
        }
        let declared = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        declared.map_or_else(|| sha256(self.bytes()), str::to_owned)
    }

    /// Returns the body to forward. A streamed body fails at its end if its hash is not the signed one.
    pub(super) fn checked(self, parts: &Parts) -> Result<Body, Denial> {
        let value = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        // Other values mean that the body is not signed, or signed in chunks.
        let declared =
            value.filter(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match (self, declared) {
            (Self::Read(bytes), Some(declared)) if sha256(&bytes) != declared => {
                Err(SignatureError::OtherBody.into())
            }
            (Self::Read(bytes), _) => Ok(full(bytes)),
            (Self::Stream(body), None) => Ok(body.map_err(BodyError::from).boxed()),
            (Self::Stream(body), Some(declared)) => Ok(Hashed {
                body,
                hash: Some(digest::Context::new(&digest::SHA256)),
                expected: declared.to_owned(),
                held: None,
            }
            .boxed()),
        }
    }
}

/// A body that fails before its last part if its hash is not the expected one.
///
/// The last part is held back until the hash is compared. Otherwise, the emulator would have the whole object.
struct Hashed {
    body: Incoming,
    /// None after the comparison.
    hash: Option<digest::Context>,
    expected: String,
    held: Option<Bytes>,
}

impl HttpBody for Hashed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let frame = match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => break,
            };
            // None of our clients sends trailers together with a hash.
            let Ok(data) = frame.into_data() else { continue };
            if let Some(hash) = &mut self.hash {
                hash.update(&data);
            }
            if let Some(before) = self.held.replace(data) {
                return Poll::Ready(Some(Ok(Frame::data(before))));
            }
        }
        if let Some(hash) = self.hash.take()
            && hex(hash.finish().as_ref()) != self.expected
        {
            self.held = None;
            return Poll::Ready(Some(Err(SignatureError::OtherBody.into())));
        }
        Poll::Ready(self.held.take().map(|last| Ok(Frame::data(last))))
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.held.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.body.size_hint();
        rest.exact().map_or_else(SizeHint::new, |rest| SizeHint::with_exact(rest + held))
    }
}
