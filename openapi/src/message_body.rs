//! Bodies of queue messages.

use serde::Serialize;

/// Returns a value as the JSON body of a message.
///
/// SQS accepts only characters of XML, and rejects a batch with any other. JSON escapes control characters
/// already. The other two characters that XML does not have can occur in the name of a package.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub fn message_body(value: &impl Serialize) -> Result<String, serde_json::Error> {
    // Outside of ASCII, JSON has only strings, in which an escape is equivalent.
    Ok(serde_json::to_string(value)?.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::message_body;

    #[test]
    fn characters_that_xml_does_not_have_are_escaped() {
        assert_eq!(message_body(&"a\u{fffe}\u{ffff}\0").unwrap(), r#""a\ufffe\uffff\u0000""#);
    }

    proptest! {
        #[test]
        fn body_is_equivalent_in_characters_of_xml(text in any::<String>()) {
            let body = message_body(&text).unwrap();
            let is_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(body.chars().all(is_xml));
            prop_assert_eq!(serde_json::from_str::<String>(&body).unwrap(), text);
        }
    }
}
