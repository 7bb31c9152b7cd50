//! Signs requests, for programs of the local stack that use no AWS SDK.

use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::{AUTHORIZATION, HOST, InvalidHeaderValue};
use http::request::Parts;

use super::{Scope, canonical, key};
use crate::identity::Credentials;
use crate::service::Service;

/// Signs a request with a body in its headers.
///
/// # Errors
///
/// Fails if the address or the credentials cannot be values of headers.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    service: &str,
    region: &str,
    credentials: &Credentials,
    now: DateTime<Utc>,
) -> Result<(), InvalidHeaderValue> {
    let hash = key::sha256(body);
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    if let Some(authority) = parts.uri.authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        parts.headers.insert(HOST, host);
    }
    parts.headers.insert("x-amz-date", HeaderValue::from_str(&time)?);
    parts.headers.insert("x-amz-content-sha256", HeaderValue::from_str(&hash)?);
    if let Some(token) = &credentials.session_token {
        parts.headers.insert("x-amz-security-token", HeaderValue::from_str(token.expose())?);
    }
    let is_signed = |name: &str| name == "host" || name.starts_with("x-amz-");
    let mut names: Vec<String> =
        parts.headers.keys().map(|name| name.as_str().to_owned()).filter(|name| is_signed(name)).collect();
    names.sort_unstable();
    let scope = Scope {
        date: now.format("%Y%m%d").to_string(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let request = canonical::Request {
        parts,
        // Only S3 has another canonical form, so any other service is correct for an unknown name.
        service: Service::from_signing_name(service).unwrap_or(Service::Sts),
        signed_headers: &names,
        payload_hash: &hash,
    };
    let text = scope.text_to_sign(&time, &request.hash());
    let signature = key::signature(credentials.secret_access_key.expose(), &scope, &text);
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
        credentials.access_key_id,
        scope.text(),
        names.join(";")
    );
    let mut authorization = HeaderValue::from_str(&authorization)?;
    authorization.set_sensitive(true);
    parts.headers.insert(AUTHORIZATION, authorization);
    Ok(())
}
