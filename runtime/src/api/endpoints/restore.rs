//! `POST /restore`: queues deleted packages for the restore function.

mod claim;
mod queue;

use std::collections::HashSet;
use std::convert::Infallible;

use lambda_http::http::StatusCode;
use openapi::{DatasetNodeId, RestoreFailure, RestoreRequest, RestoreResponse, UserNodeId, is_node_id};

use self::claim::{Claim, Claimed, Claims};
use crate::api::admission::AdmittedDataset;
use crate::api::context::ApiContext;
use crate::api::error::ApiError;
use crate::api::record::RequestRecord;
use crate::http::Response;
use crate::telemetry;

/// The maximum size of a response.
///
/// Lambda accepts 6 MiB, and the body is a JSON string in them:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const MAXIMUM_RESPONSE_BYTES: usize = 6_000_000;

/// Moves packages to RESTORING and sends a message for each.
pub(in crate::api) async fn restore(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    user: &UserNodeId,
    body: &[u8],
    record: &mut RequestRecord,
) -> Result<Response, ApiError> {
    let requested = parse_body(body)?;
    record.requested = Some(requested.len());
    check_response_fits(&requested, &dataset.node_id)?;
    let queue_url = context.settings.restore_queue_url.clone()?;

    let node_ids: Vec<&str> = requested.iter().map(String::as_str).filter(|id| is_node_id(id)).collect();
    let claim = Claim { database: &context.database, dataset, user, node_ids: &node_ids };
    let Claims { claimed, unclaimed } = claim.claim().await?;
    let unsent = if claimed.is_empty() {
        HashSet::new()
    } else {
        let send =
            async { Ok::<_, Infallible>(queue::send(context.aws.sqs().await, &queue_url, &claimed).await) };
        let Ok(unsent) = telemetry::step("send messages", send).await;
        unsent
    };
    let (unsent, sent): (Vec<&Claimed>, Vec<&Claimed>) =
        claimed.iter().partition(|claimed| unsent.contains(&claimed.message.package.id));
    if !unsent.is_empty() {
        let count = unsent.len();
        // Other messages may have been sent, so the request does not fail. A package that stays RESTORING can be requested
        // again later.
        if let Err(error) = claim.release(&unsent).await {
            tracing::error!(count, cause = %error, "packages without a message stay RESTORING");
        } else {
            tracing::error!(count, "messages could not be sent; the packages are DELETED again");
        }
    }

    let sent: HashSet<&str> = sent.into_iter().map(Claimed::node_id).collect();
    record.accepted = Some(sent.len());
    let unsent = unsent.into_iter().map(Claimed::node_id);
    let unqueued: HashSet<&str> =
        unclaimed.iter().map(String::as_str).chain(unsent).filter(|id| !sent.contains(id)).collect();
    let mut response = RestoreResponse::default();
    for id in requested {
        if sent.contains(&*id) {
            response.success.push(id);
        } else if unqueued.contains(&*id) {
            let error = format!("deleted package {id} could not be queued, try again");
            response.failures.push(RestoreFailure { id, error });
        } else {
            response.failures.push(not_found(id, &dataset.node_id));
        }
    }
    Ok(Response::json(StatusCode::OK, &response))
}

fn not_found(id: String, dataset: &DatasetNodeId) -> RestoreFailure {
    let error = format!("deleted package {id} not found in dataset {dataset}");
    RestoreFailure { id, error }
}

/// Rejects a request whose response would be too large if every id failed.
fn check_response_fits(ids: &[String], dataset: &DatasetNodeId) -> Result<(), ApiError> {
    let mut bytes = 0;
    for id in ids {
        let failure = serde_json::to_string(&not_found(id.clone(), dataset));
        let escaped = failure.and_then(|failure| serde_json::to_string(&failure));
        bytes += escaped.map_err(|error| ApiError::internal(error.to_string()))?.len();
    }
    if bytes > MAXIMUM_RESPONSE_BYTES {
        let problem = "the ids in `nodeIds` are too long for one request: send fewer at a time";
        return Err(ApiError::bad_request(problem));
    }
    Ok(())
}

/// Parses a body and returns its distinct ids, in their order.
fn parse_body(body: &[u8]) -> Result<Vec<String>, ApiError> {
    let malformed = || ApiError::bad_request(r#"the body must be {"nodeIds": ["…"]}"#);
    // Serde accepts an array of the members in place of an object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed());
    }
    let request: RestoreRequest = serde_json::from_slice(body).map_err(|_| malformed())?;
    if request.node_ids.len() > RestoreRequest::MAXIMUM_IDS {
        return Err(ApiError::bad_request(format!(
            "`nodeIds` has more than {} ids",
            RestoreRequest::MAXIMUM_IDS
        )));
    }
    let mut seen = HashSet::new();
    Ok(request.node_ids.into_iter().filter(|id| seen.insert(id.clone())).collect())
}

#[cfg(test)]
mod tests {
    use openapi::DatasetNodeId;

    use super::{check_response_fits, not_found, parse_body};

    #[test]
    fn ids_are_distinct_and_in_their_order() {
        let ids = parse_body(br#"{"nodeIds":["b","a","b",""],"other":[[1]]}"#).unwrap();
        assert_eq!(ids, ["b", "a", ""]);
        assert_eq!(parse_body(br#"{"nodeIds":[]}"#).unwrap().len(), 0);
    }

    #[test]
    fn other_bodies_are_rejected() {
        let deep = format!(r#"{{"nodeIds":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        let many = format!(r#"{{"nodeIds":[{}"x"]}}"#, r#""x","#.repeat(10_000));
        let bodies: [&[u8]; 10] = [
            b"",
            b"null",
            b"[]",
            br#"[["x"]]"#,
            br#"{"nodeIds":null}"#,
            br#"{"nodeIds":[1]}"#,
            br#"{"nodeIds":[],"nodeIds":[]}"#,
            b"{\"nodeIds\":[\"\xff\"]}",
            deep.as_bytes(),
            many.as_bytes(),
        ];
        for body in bodies {
            assert!(parse_body(body).is_err());
        }
    }

    #[test]
    fn impossible_id_has_the_same_error_text_as_others() {
        let dataset = DatasetNodeId("N:dataset:1".to_owned());
        for id in ["N:package:1", "N:package:\0x", "", &"ü".repeat(200)] {
            let expected = format!("deleted package {id} not found in dataset N:dataset:1");
            assert_eq!(not_found(id.to_owned(), &dataset).error, expected);
        }
    }

    #[test]
    fn request_with_a_response_that_is_too_large_is_rejected() {
        let dataset = DatasetNodeId("N:dataset:2c7b2b4e-3c3c-4d9e-9a0e-0d4f5a1f9b11".to_owned());
        let usual: Vec<String> =
            (0..10_000).map(|n| format!("N:package:2c7b2b4e-3c3c-4d9e-9a0e-0d4f5a{n:06}")).collect();
        assert!(check_response_fits(&usual, &dataset).is_ok());
        // The response contains the id twice.
        assert!(check_response_fits(&["x".repeat(2_900_000)], &dataset).is_ok());
        assert!(check_response_fits(&["x".repeat(3_000_000)], &dataset).is_err());
        let many: Vec<String> = (0..10_000).map(|n| format!("{n:\"<250}")).collect();
        assert!(check_response_fits(&many, &dataset).is_err());
    }
}
