//! Bodies with several ranges (RFC 9110, section 14.6).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use uuid::Uuid;

use super::slice;
use crate::origin::Metadata;
use crate::range::ByteRange;

/// A body with several ranges of an object.
pub(super) struct Multipart {
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

impl Multipart {
    /// Builds the body from the bytes of the whole object, or returns `None` if it does not have all of the ranges.
    pub(super) fn new(metadata: &Metadata, ranges: &[ByteRange], object: &Bytes) -> Option<Self> {
        let content_type = metadata.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or("binary/octet-stream");
        let boundary = format!("CloudFront{}", Uuid::new_v4().simple());
        let mut body = Vec::new();
        for range in ranges {
            let content_range = range.content_range(metadata.size);
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {content_range}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&slice(object, 0, *range)?);
        }
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Some(Self { content_type: format!("multipart/byteranges; boundary={boundary}"), body })
    }
}
