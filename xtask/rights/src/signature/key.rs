//! Signing keys, and signatures made with them.

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};

use super::Scope;

/// Returns the hexadecimal signature of a text.
pub(super) fn signature(secret_access_key: &str, scope: &Scope, text: &str) -> String {
    let secret = format!("AWS4{secret_access_key}");
    let parts = [&scope.date, &scope.region, &scope.service, "aws4_request", text];
    let mut key = secret.into_bytes();
    for part in parts {
        key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
    }
    hex(&key)
}

/// Returns the hexadecimal SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Returns bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
