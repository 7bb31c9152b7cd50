//! Policy texts.

use std::fmt::Write;

/// The text of a canned policy: no white space, members in this order, or the edge rebuilds another text.
pub fn canned_policy(url: &str, expires_at: i64) -> String {
    custom_policy(url, expires_at)
}

/// The text of a custom policy that ends at `expires_at` (Unix seconds).
///
/// It has the form of a canned policy, which is why a raw `*` in a signed URL would be a wildcard:
/// [`encode_path`](super::encode_path) never leaves one.
pub fn custom_policy(resource: &str, expires_at: i64) -> String {
    let resource = escape_json(resource);
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires_at}}}}}}}]}}"#
    )
}

/// Escape what would end or break a JSON string. An encoded URL holds none of it; this makes sure.
fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(control));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{canned_policy, custom_policy};

    #[test]
    fn a_canned_policy_has_exactly_the_documented_text() {
        assert_eq!(
            canned_policy("https://d111111abcdef8.cloudfront.net/a.png", 1_767_225_600),
            r#"{"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/a.png","Condition":{"DateLessThan":{"AWS:EpochTime":1767225600}}}]}"#
        );
    }

    #[test]
    fn a_resource_cannot_break_out_of_its_string() {
        let policy = custom_policy("https://h/\"},\\\n*", 1);
        let parsed: serde_json::Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(parsed["Statement"][0]["Resource"], "https://h/\"},\\\n*");
    }
}
