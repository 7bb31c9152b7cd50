//! `POST /restore`: queue deleted packages for the restore function.

mod claim;
mod queue;

use std::collections::HashSet;

use openapi::{DatasetNodeId, RestoreFailure, RestoreRequest, RestoreResponse, UserClaim};

use self::claim::{Claim, Claimed, Claims};
use super::super::error::ApiError;
use super::super::query::is_possible_node_id;
use super::super::response::Response;
use super::super::{AdmittedDataset, ApiFunction, Request};

/// Lambda takes no answer of more than 6 MiB, in which our body is a string within JSON:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const MAXIMUM_ANSWER_BYTES: usize = 6_000_000;

impl ApiFunction {
    /// Move packages to RESTORING and send a message for each.
    pub(in crate::api) async fn restore_packages(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
        user: UserClaim,
    ) -> Result<Response, ApiError> {
        let asked = parse_body(&request.event.body()?)?;
        check_answer_fits(&asked, &dataset.node_id)?;
        let queue_url = self.settings.restore_queue_url.clone()?;

        let possible: Vec<&str> =
            asked.iter().map(String::as_str).filter(|id| is_possible_node_id(id)).collect();
        let claim = Claim { dataset: &dataset, user: &user.node_id, node_ids: &possible };
        let Claims { claimed, unclaimed } = self.claim(&claim).await?;
        let unsent = if claimed.is_empty() {
            Vec::new()
        } else {
            let sqs =
                self.sqs.get_or_init(|| async { aws_sdk_sqs::Client::new(self.aws.configuration().await) });
            queue::send(sqs.await, &queue_url, &claimed).await
        };
        if !unsent.is_empty() {
            let count = unsent.len();
            let unsent: Vec<&Claimed> =
                claimed.iter().filter(|claimed| unsent.contains(&claimed.message.package.id)).collect();
            // Other messages may have gone out, so that this is no reason to fail the request. What stays RESTORING can be
            // asked for again once the queue could no longer hold its message.
            if let Err(error) = self.release(&dataset, &unsent).await {
                tracing::error!(count, cause = %error, "packages without a message stay RESTORING");
            } else {
                tracing::error!(count, "messages could not be sent; the packages are DELETED again");
            }
        }

        let sent: HashSet<&str> = claimed
            .iter()
            .filter(|claimed| !unsent.contains(&claimed.message.package.id))
            .map(|claimed| claimed.node_id.as_str())
            .collect();
        let unsent: HashSet<&str> = unclaimed
            .iter()
            .chain(claimed.iter().map(|claimed| &claimed.node_id))
            .map(String::as_str)
            .filter(|id| !sent.contains(id))
            .collect();
        let mut answer = RestoreResponse::default();
        for id in asked {
            if sent.contains(&*id) {
                answer.success.push(id);
            } else if unsent.contains(&*id) {
                let error = format!("deleted package {id} could not be queued, try again");
                answer.failures.push(RestoreFailure { id, error });
            } else {
                answer.failures.push(not_found(id, &dataset.node_id));
            }
        }
        Ok(Response::json(200, &answer))
    }
}

fn not_found(id: String, dataset: &DatasetNodeId) -> RestoreFailure {
    let error = format!("deleted package {id} not found in dataset {dataset}");
    RestoreFailure { id, error }
}

/// Refuse, before anything is changed, what could not be answered if every id failed.
fn check_answer_fits(ids: &[String], dataset: &DatasetNodeId) -> Result<(), ApiError> {
    let mut bytes = 0;
    for id in ids {
        let failure = serde_json::to_string(&not_found(id.clone(), dataset));
        let escaped = failure.and_then(|failure| serde_json::to_string(&failure));
        bytes += escaped.map_err(|error| ApiError::internal(error.to_string()))?.len();
    }
    if bytes > MAXIMUM_ANSWER_BYTES {
        let problem = "the ids in `nodeIds` are too long for one request: ask for fewer at a time";
        return Err(ApiError::bad_request(problem));
    }
    Ok(())
}

/// The ids of a body, each once, in the order asked.
fn parse_body(body: &[u8]) -> Result<Vec<String>, ApiError> {
    let malformed = || ApiError::bad_request(r#"the body must be {"nodeIds": ["…"]}"#);
    // Serde would take an array for the object, member by member.
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

    use super::{check_answer_fits, not_found, parse_body};

    #[test]
    fn ids_are_kept_in_order_and_counted_once() {
        let ids = parse_body(br#"{"nodeIds":["b","a","b",""],"other":[[1]]}"#).unwrap();
        assert_eq!(ids, ["b", "a", ""]);
        assert_eq!(parse_body(br#"{"nodeIds":[]}"#).unwrap().len(), 0);
    }

    #[test]
    fn a_body_that_is_no_such_object_is_refused() {
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
    fn an_id_that_can_name_nothing_fails_with_the_usual_text() {
        let dataset = DatasetNodeId("N:dataset:1".to_owned());
        for id in ["N:package:1", "N:package:\0x", "", &"ü".repeat(200)] {
            let expected = format!("deleted package {id} not found in dataset N:dataset:1");
            assert_eq!(not_found(id.to_owned(), &dataset).error, expected);
        }
    }

    #[test]
    fn what_could_not_be_answered_is_refused() {
        let dataset = DatasetNodeId("N:dataset:2c7b2b4e-3c3c-4d9e-9a0e-0d4f5a1f9b11".to_owned());
        let usual: Vec<String> =
            (0..10_000).map(|n| format!("N:package:2c7b2b4e-3c3c-4d9e-9a0e-0d4f5a{n:06}")).collect();
        assert!(check_answer_fits(&usual, &dataset).is_ok());
        // It appears twice in the answer.
        assert!(check_answer_fits(&["x".repeat(2_900_000)], &dataset).is_ok());
        assert!(check_answer_fits(&["x".repeat(3_000_000)], &dataset).is_err());
        let many: Vec<String> = (0..10_000).map(|n| format!("{n:\"<250}")).collect();
        assert!(check_answer_fits(&many, &dataset).is_err());
    }
}
