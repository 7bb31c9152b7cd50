//! Percent-encoding.

/// Returns whether each `%` is followed by two hexadecimal digits.
pub(super) fn has_whole_escapes(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(position) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(position + 1..position + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[position + 3..],
            _ => return false,
        }
    }
    true
}
