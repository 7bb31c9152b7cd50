//! Bodies of queue messages.

use serde::Serialize;

/// A value as the JSON of a message.
///
/// SQS takes the characters of XML only, and refuses a batch with any other. JSON has its control characters escaped
/// already; what is left are two that XML lacks, and that a package's name may hold.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub fn message_body(value: &impl Serialize) -> Result<String, serde_json::Error> {
    // Beyond ASCII, JSON has strings only, where an escape means the same.
    Ok(serde_json::to_string(value)?.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::message_body;

    #[test]
    fn characters_that_xml_lacks_are_escaped() {
        assert_eq!(message_body(&"a\u{fffe}\u{ffff}\0").unwrap(), r#""a\ufffe\uffff\u0000""#);
    }

    proptest! {
        #[test]
        fn a_body_says_the_same_in_the_characters_of_xml(text in any::<String>()) {
            let body = message_body(&text).unwrap();
            let is_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(body.chars().all(is_xml));
            prop_assert_eq!(serde_json::from_str::<String>(&body).unwrap(), text);
        }
    }
}
