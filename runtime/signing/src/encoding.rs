//! CloudFront's own base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Encodes bytes in base64 with `- _ ~` in place of `+ = /`.
///
/// This is not base64url, which keeps `=` and maps `/` to `_`:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>.
pub fn cloudfront_base64(bytes: &[u8]) -> String {
    STANDARD
        .encode(bytes)
        .chars()
        .map(|character| match character {
            '+' => '-',
            '=' => '_',
            '/' => '~',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::cloudfront_base64;

    #[test]
    fn three_characters_are_replaced() {
        assert_eq!(cloudfront_base64(&[0xfb, 0xff, 0xbf, 0xfb]), "-~-~-w__");
    }
}
