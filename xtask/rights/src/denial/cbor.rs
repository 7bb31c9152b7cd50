//! Errors in CBOR, as CloudWatch returns them: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>.

/// A map with two entries: <https://www.rfc-editor.org/rfc/rfc8949#section-3.1>.
const MAP_OF_TWO: u8 = 0xa2;
const TEXT: u8 = 0x60;
/// A length of one byte follows.
const ONE_BYTE: u8 = 0x18;
/// A length of two bytes follows.
const TWO_BYTES: u8 = 0x19;

/// Returns a map of the error's code and message.
pub(super) fn error(code: &str, message: &str) -> Vec<u8> {
    let mut bytes = vec![MAP_OF_TWO];
    for word in ["__type", code, "message", message] {
        text(&mut bytes, word);
    }
    bytes
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    // No message is longer than 65,535 bytes, the maximum of a length of two bytes.
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    match u8::try_from(length) {
        Ok(length) if length < 24 => bytes.push(TEXT | length),
        Ok(length) => bytes.extend([TEXT | ONE_BYTE, length]),
        Err(_) => {
            bytes.push(TEXT | TWO_BYTES);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(&text.as_bytes()[..usize::from(length)]);
}
