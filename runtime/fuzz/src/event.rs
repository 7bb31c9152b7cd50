//! Every event of an HTTP API has a response.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::{Body, Request};
use runtime::api::{ApiContext, respond};
use runtime::configuration::{ApiSettings, Variables};
use runtime::http::HttpApiEvent;
use runtime::telemetry::Invocation;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// The API function without any configuration, which calls nothing outside.
    static FUNCTION: (Runtime, ApiContext) = (
        Builder::new_current_thread().enable_time().build().expect("the asynchronous runtime starts"),
        ApiContext::new(ApiSettings::read(&Variables::from_pairs([]))),
    );
}

/// Responds to an event and returns the status.
///
/// Returns `None` if the bytes are not an event.
pub fn check(bytes: &[u8]) -> Option<i64> {
    let event: HttpApiEvent = serde_json::from_slice(bytes).ok()?;
    let response = FUNCTION.with(|(runtime, context)| {
        runtime.block_on(async { respond(context, &Invocation::default(), Request::from(event)).await })
    });
    let response = ApiGatewayV2httpResponse::from(response);

    let status = response.status_code;
    assert!(matches!(status, 204 | 400 | 401 | 403 | 404 | 405 | 503), "unexpected status {status}");
    assert_eq!(response.headers["access-control-allow-origin"], "*", "every response has CORS headers");
    if status >= 400 {
        let Some(Body::Text(body)) = &response.body else { panic!("an error has a body of text") };
        let body: Value = serde_json::from_str(body).expect("an error is JSON");
        assert!(
            body["message"].is_string() && body["errorId"].is_string(),
            "an error has two members: {body}"
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
    fn seeds_are_events_for_which_only_the_configuration_is_missing() {
        for seed in seeds("event") {
            assert_eq!(check(seed.as_bytes()), Some(503), "{seed}");
        }
    }

    #[test]
    fn every_event_has_a_response() {
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
        fn bytes_are_an_event_with_a_response_or_no_event(bytes in any::<Vec<u8>>()) {
            check(&bytes);
        }
    }
}
