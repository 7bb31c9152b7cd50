//! Whatever an event holds, there is an answer to it.

use runtime::api::{ApiFunction, GatewayEvent};
use runtime::configuration::{ApiSettings, Variables};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// A function of which nothing is configured: it calls nothing outside.
    static FUNCTION: (Runtime, ApiFunction) = (
        Builder::new_current_thread().enable_time().build().expect("the asynchronous runtime starts"),
        ApiFunction::new(ApiSettings::read(&Variables::from_pairs([]))),
    );
}

/// Answer an event, and return the status, if the bytes are an event at all.
pub fn check(bytes: &[u8]) -> Option<u64> {
    let event: GatewayEvent = serde_json::from_slice(bytes).ok()?;
    let response = FUNCTION.with(|(runtime, function)| runtime.block_on(function.answer(event)));
    let response = serde_json::to_value(response).expect("an answer is JSON");

    let status = response["statusCode"].as_u64().expect("an answer has a status");
    assert!(matches!(status, 204 | 400 | 401 | 403 | 404 | 405 | 503), "a status of its own: {status}");
    assert!(response["headers"]["Access-Control-Allow-Origin"].is_string(), "CORS headers, always");
    if status >= 400 {
        let body = response["body"].as_str().expect("an error has a body");
        let body: Value = serde_json::from_str(body).expect("an error is JSON");
        assert!(
            body["message"].is_string() && body["errorId"].is_string(),
            "an error has its two fields: {body}"
        );
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::check;
    use crate::mutation::{passing, seeds};

    #[test]
    fn seeds_are_events_that_lack_nothing_but_the_configuration() {
        for seed in seeds("event") {
            assert_eq!(check(seed.as_bytes()), Some(503), "{seed}");
        }
    }

    #[test]
    fn every_event_has_an_answer() {
        let tries = 5_000;
        let statuses = RefCell::new(BTreeSet::new());
        let events = passing("event", tries, |text| {
            let status = check(text.as_bytes());
            statuses.borrow_mut().extend(status);
            status.is_some()
        });
        assert!(events > tries / 4, "only {events} of {tries} were events");
        let expected = BTreeSet::from([400, 401, 403, 404, 405, 503]);
        assert!(statuses.borrow().is_superset(&expected), "{statuses:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_event_or_none(bytes in any::<Vec<u8>>()) {
            check(&bytes);
        }
    }
}
