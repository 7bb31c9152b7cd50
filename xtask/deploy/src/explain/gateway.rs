//! What API Gateway itself did with a request.

use super::{Event, Reason};
use crate::logs::AccessLine;

/// Why API Gateway responds itself: the status, the name of the rule, what it means, and what to do.
///
/// The meanings by status: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>.
const RULES: [(&str, &str, &str, &str); 8] = [
    (
        "401",
        "gateway-unauthorized",
        "the request has no header `Authorization` or no parameter `dataset_id`",
        "send the header `Authorization: Bearer TOKEN` and the parameter `dataset_id`",
    ),
    (
        "403",
        "gateway-forbidden",
        "the authorizer refused the caller, and the decision was in the cache",
        "see the earlier decision about this user in the log of the authorizer; decisions are cached for 5 minutes",
    ),
    (
        "404",
        "gateway-unknown-route",
        "the API has no such path, or the path has no such method",
        "compare path and method with openapi/openapi.json",
    ),
    ("413", "gateway-too-large", "the body is larger than 10 MB", "correct the client"),
    (
        "429",
        "gateway-throttled",
        "the route gets more requests than its rate limit allows",
        "repeat the request after a pause, or spread the requests over more time",
    ),
    ("431", "gateway-headers-too-large", "the headers are larger than 10,240 bytes", "correct the client"),
    (
        "500",
        "gateway-integration-failed",
        "the function or the authorizer failed, or was not invoked",
        "see the errors of the functions: logs --errors",
    ),
    (
        "503",
        "gateway-timeout",
        "the function did not respond within 30 seconds, or there were too many invocations at once",
        "see the duration of the requests: metrics, and logs --errors",
    ),
];

/// Returns the event of a line in the access log.
pub(super) fn event(line: &AccessLine) -> Event {
    Event {
        function: None,
        time: line.time,
        kind: "gateway",
        outcome: if line.rejection().is_some() { "rejected" } else { "passed on" }.to_owned(),
        is_problem: line.rejection().is_some(),
        details: line.details().map(|(name, value)| (name, value.to_owned())).collect(),
    }
}

/// Returns why API Gateway itself responded, if it did.
pub(super) fn reason(line: &AccessLine) -> Option<Reason> {
    let rejection = line.rejection()?;
    let known = RULES.iter().find(|(status, ..)| *status == line.status());
    let (_, rule, meaning, remedy) = known.copied().unwrap_or((
        "",
        "gateway",
        "API Gateway itself responded",
        "look up the cause in its documentation",
    ));
    Some(Reason {
        rule: rule.to_owned(),
        meaning: meaning.to_owned(),
        cause: Some(rejection.to_owned()),
        remedy: remedy.to_owned(),
    })
}
