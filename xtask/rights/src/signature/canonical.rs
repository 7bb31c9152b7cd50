//! The canonical form of a request. Its hash is signed.

use http::HeaderMap;
use http::request::Parts;

use super::key::sha256;
use crate::query::{Query, decode, encode};
use crate::service::Service;

/// The signed parts of a request.
pub(super) struct Request<'a> {
    pub(super) parts: &'a Parts,
    pub(super) service: Service,
    pub(super) signed_headers: &'a [String],
    pub(super) payload_hash: &'a str,
}

impl Request<'_> {
    /// Returns the hexadecimal hash of the canonical form.
    pub(super) fn hash(&self) -> String {
        sha256(self.text().as_bytes())
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.parts.method, self.path(), self.query());
        let mut names: Vec<&str> = self.signed_headers.iter().map(String::as_str).collect();
        names.sort_unstable();
        for name in &names {
            text.push_str(name);
            text.push(':');
            text.push_str(&header(&self.parts.headers, name));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&names.join(";"));
        text.push('\n');
        text.push_str(self.payload_hash);
        text
    }

    /// S3 signs the path as it is sent, encoded once. Other services encode the sent path a second time.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>
    fn path(&self) -> String {
        let path = self.parts.uri.path();
        let encode_segment = |segment: &str| match self.service {
            Service::S3 => encode(&decode(segment)),
            _ => encode(segment.as_bytes()),
        };
        path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
    }

    fn query(&self) -> String {
        let query = Query::parse(self.parts.uri.query().unwrap_or_default());
        let pairs = query.pairs().filter(|(name, _)| *name != "X-Amz-Signature");
        let mut pairs: Vec<(String, String)> =
            pairs.map(|(name, value)| (encode(name.as_bytes()), encode(value.as_bytes()))).collect();
        pairs.sort_unstable();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }
}

/// Returns the values of a header, with one space for several.
fn header(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}
