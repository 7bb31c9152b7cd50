//! Formats errors with their causes.

use std::error::Error;

/// Formats an error with all its causes on one line.
///
/// The errors of the AWS SDK contain details only in their causes.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Libraries often repeat their cause in their own message.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::with_causes;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn every_cause_is_listed_once() {
        let layer = |text, source: Option<Layer>| Layer { text, source: source.map(Box::new) };
        let cause = layer("connection refused", None);
        let repeated = layer("io error: connection refused", Some(cause));
        let error = layer("dispatch failure", Some(repeated));
        assert_eq!(with_causes(&error), "dispatch failure: io error: connection refused");
    }
}
