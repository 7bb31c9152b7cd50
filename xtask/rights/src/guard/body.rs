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

/// An error while a body is passed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A body on its way.
pub(super) type Body = BoxBody<Bytes, BodyError>;

/// The largest body that is kept in memory; larger objects are passed on while they arrive.
const LIMIT: usize = 16 * 1024 * 1024;

/// Returns a body that is complete.
pub(super) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// The body of a request.
pub(super) enum Payload {
    /// It is in memory.
    Read(Bytes),
    /// It is passed on while it arrives.
    Stream(Incoming),
}

impl Payload {
    /// Reads a body, unless it is that of a large object.
    pub(super) async fn read(service: Service, parts: &Parts, body: Incoming) -> Result<Self, Denial> {
        let is_large = body.size_hint().upper().is_none_or(|size| size > LIMIT as u64);
        if service == Service::S3 && is_large && parts.method == http::Method::PUT {
            return Ok(Self::Stream(body));
        }
        let read = Limited::new(body, LIMIT).collect().await;
        read.map(|read| Self::Read(read.to_bytes())).map_err(|_| Denial::TooLarge { limit: LIMIT })
    }

    /// Returns what was read.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Stream(_) => &[],
        }
    }

    /// Returns the hash of the body as it was signed: the one that the client says, or that of the body.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    pub(super) fn signed_hash(&self, parts: &Parts, signature: &Signature) -> String {
        if signature.is_presigned() && signature.scope.service == "s3" {
            return "UNSIGNED-PAYLOAD".to_owned();
        }
        let said = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        said.map_or_else(|| sha256(self.bytes()), str::to_owned)
    }

    /// Returns the body to pass on, which fails at its end if it is not the one that was signed.
    pub(super) fn checked(self, parts: &Parts) -> Result<Body, Denial> {
        let said = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
        // Other values say that the body is not signed, or in parts.
        let said = said.filter(|said| said.len() == 64 && said.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match (self, said) {
            (Self::Read(bytes), Some(said)) if sha256(&bytes) != said => {
                Err(SignatureError::OtherBody.into())
            }
            (Self::Read(bytes), _) => Ok(full(bytes)),
            (Self::Stream(body), None) => Ok(body.map_err(BodyError::from).boxed()),
            (Self::Stream(body), Some(said)) => Ok(Hashed {
                body,
                hash: Some(digest::Context::new(&digest::SHA256)),
                expected: said.to_owned(),
                held: None,
            }
            .boxed()),
        }
    }
}

/// A body that fails before its last part if its hash is another one.
///
/// The last part is held back: with it, the emulator would have the whole object.
struct Hashed {
    body: Incoming,
    /// Nothing once it is compared.
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
            // No client of ours sends trailers beside a hash.
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
