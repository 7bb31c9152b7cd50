//! With which versions of TLS viewers connect to a distribution.

use serde_json::Value;

use crate::cloudformation::consequence::Consequences;

/// Compares two certificates.
pub(super) fn compare(consequences: &mut Consequences, old: &Value, new: &Value) {
    let (old, new) = (&old["MinimumProtocolVersion"], &new["MinimumProtocolVersion"]);
    // CloudFront accepts the oldest version where nothing is set.
    if version(new).unwrap_or_default() < version(old).unwrap_or_default() {
        consequences.opens(format!("viewers may connect with the security policy {new}, was {old}"));
    }
}

/// Returns a security policy's version of TLS and the year of its ciphers, which sort from the oldest to the newest:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html>.
fn version(policy: &Value) -> Option<(&str, &str)> {
    let version = policy.as_str()?.strip_prefix("TLSv")?;
    Some(version.split_once('_').unwrap_or((version, "")))
}
