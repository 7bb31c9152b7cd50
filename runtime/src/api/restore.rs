//! `POST /restore`: queue deleted packages for the restore function.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::stream::{self, StreamExt};
use openapi::{
    DatasetId, PackageId, PackageNodeId, PackageType, RESTORE_QUEUE_MAXIMUM_RECEIVES,
    RESTORE_QUEUE_VISIBILITY_SECONDS, RestoreFailure, RestoreMessage, RestoreMessagePackage, RestoreRequest,
    RestoreResponse, UserNodeId,
};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};

use super::error::ApiError;
use super::query::is_possible_node_id;
use super::response::Response;
use super::{AdmittedDataset, ApiFunction, Request};
use crate::aws::failure;
use crate::database::{DatabaseError, table};

/// The most messages that one `SendMessageBatch` takes:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const BATCH: usize = 10;
const BATCHES_IN_FLIGHT: usize = 10;
const SEND_ATTEMPTS: u32 = 3;

/// A package that is RESTORING now and needs a message.
struct Claimed {
    node_id: String,
    message: RestoreMessage,
}

impl ApiFunction {
    /// Move packages to RESTORING and send a message for each.
    pub(super) async fn restore_packages(
        &self,
        request: &Request,
        dataset: AdmittedDataset,
    ) -> Result<Response, ApiError> {
        let user = request.claims.user()?;
        let asked = parse_body(&request.event.body()?)?;
        let queue_url = self.settings.restore_queue_url.clone()?;

        let possible: Vec<&str> =
            asked.iter().map(String::as_str).filter(|id| is_possible_node_id(id)).collect();
        let claimed = self.claim(&dataset, &user.node_id, &possible).await?;
        let unsent = self.send(&queue_url, &claimed).await;
        if !unsent.is_empty() {
            self.release(&dataset, &unsent).await?;
        }

        let unsent: HashSet<PackageId> = unsent.into_iter().collect();
        let claimed: HashMap<String, PackageId> =
            claimed.into_iter().map(|claimed| (claimed.node_id, claimed.message.package.id)).collect();
        let mut answer = RestoreResponse::default();
        for id in asked {
            match claimed.get(&id) {
                Some(package) if !unsent.contains(package) => answer.success.push(id),
                Some(_) => {
                    let error = format!("deleted package {id} could not be queued, try again");
                    answer.failures.push(RestoreFailure { id, error });
                }
                None => {
                    let error = format!("deleted package {id} not found in dataset {}", dataset.node_id);
                    answer.failures.push(RestoreFailure { id, error });
                }
            }
        }
        Ok(Response::json(200, &answer))
    }

    /// Move packages to RESTORING, in one statement that commits by itself: DELETED ones, and those that have been
    /// RESTORING for longer than the queue could still hold their message.
    async fn claim(
        &self,
        dataset: &AdmittedDataset,
        user: &UserNodeId,
        node_ids: &[&str],
    ) -> Result<Vec<Claimed>, ApiError> {
        let sql = format!(
            "WITH dataset AS (SELECT id FROM {datasets} \
               WHERE node_id = $1 AND state NOT IN ('DELETED', 'DELETING') ORDER BY id LIMIT 1), \
             claimable AS (SELECT p.id FROM {packages} p JOIN dataset d ON p.dataset_id = d.id \
               WHERE p.node_id = ANY($2) AND (p.state = 'DELETED' OR (p.state = 'RESTORING' \
                 AND COALESCE(p.updated_at, '-infinity') < LOCALTIMESTAMP - make_interval(secs => $3))) \
               ORDER BY p.id FOR NO KEY UPDATE OF p), \
             claimed AS (UPDATE {packages} p SET state = 'RESTORING' FROM claimable c WHERE p.id = c.id \
               RETURNING p.id, p.node_id, p.name, p.parent_id, p.type) \
             SELECT d.id, c.id, c.node_id, c.name, c.parent_id, c.type FROM dataset d LEFT JOIN claimed c ON TRUE",
            datasets = table(dataset.organization, "datasets"),
            packages = table(dataset.organization, "packages"),
        );
        let stuck_after = f64::from(RESTORE_QUEUE_VISIBILITY_SECONDS * RESTORE_QUEUE_MAXIMUM_RECEIVES);
        let mut connection = self.connection().await?;
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(dataset.node_id.as_str())
            .bind(node_ids)
            .bind(stuck_after)
            .fetch_all(&mut *connection)
            .await
            .map_err(DatabaseError::from)?;
        if rows.is_empty() {
            return Err(ApiError::NotFound(format!("dataset {}", dataset.node_id)));
        }
        let claimed = |row: &PgRow| -> Result<Option<Claimed>, sqlx::Error> {
            let Some(id) = row.try_get::<Option<i32>, _>(1)? else { return Ok(None) };
            let node_id: String = row.try_get(2)?;
            let package_type: String = row.try_get(5)?;
            let message = RestoreMessage {
                org_id: dataset.organization,
                dataset_id: DatasetId(row.try_get(0)?),
                user_id: user.clone(),
                package: RestoreMessagePackage {
                    id: PackageId(id),
                    node_id: PackageNodeId(node_id.clone()),
                    name: row.try_get(3)?,
                    parent_id: row.try_get::<Option<i32>, _>(4)?.map(PackageId),
                    package_type: PackageType::from_name(&package_type),
                },
            };
            Ok(Some(Claimed { node_id, message }))
        };
        let claimed: Result<Vec<_>, _> = rows.iter().filter_map(|row| claimed(row).transpose()).collect();
        Ok(claimed.map_err(DatabaseError::from)?)
    }

    /// A connection that answers. The statement that follows must not run twice, so a connection that broke unnoticed
    /// has to be found before it.
    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, ApiError> {
        let pool = self.database.pool(&self.aws).await?;
        let mut connection = pool.acquire().await.map_err(DatabaseError::from)?;
        if PgConnection::ping(&mut connection).await.is_ok() {
            return Ok(connection);
        }
        connection.close_on_drop();
        drop(connection);
        Ok(pool.acquire().await.map_err(DatabaseError::from)?)
    }

    /// Send a message for each package, and return those for which it failed.
    async fn send(&self, queue_url: &str, claimed: &[Claimed]) -> Vec<PackageId> {
        if claimed.is_empty() {
            return Vec::new();
        }
        let sqs =
            self.sqs.get_or_init(|| async { aws_sdk_sqs::Client::new(self.aws.configuration().await) }).await;
        let batches = claimed.chunks(BATCH).map(|batch| send_batch(sqs, queue_url, batch));
        let unsent: Vec<Vec<PackageId>> =
            stream::iter(batches).buffer_unordered(BATCHES_IN_FLIGHT).collect().await;
        unsent.concat()
    }

    /// Packages whose message was not sent go back to DELETED.
    async fn release(&self, dataset: &AdmittedDataset, packages: &[PackageId]) -> Result<(), ApiError> {
        let sql = format!(
            "UPDATE {packages} SET state = 'DELETED' WHERE id = ANY($1) AND state = 'RESTORING'",
            packages = table(dataset.organization, "packages"),
        );
        let ids: Vec<i32> = packages.iter().map(|package| package.0).collect();
        let mut connection = self.connection().await?;
        sqlx::query(AssertSqlSafe(sql))
            .bind(ids)
            .execute(&mut *connection)
            .await
            .map_err(DatabaseError::from)?;
        tracing::error!(count = packages.len(), "messages could not be sent; the packages are DELETED again");
        Ok(())
    }
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

/// Send one batch; entries that SQS could not take for a reason of its own are tried again.
async fn send_batch(sqs: &aws_sdk_sqs::Client, queue_url: &str, batch: &[Claimed]) -> Vec<PackageId> {
    let mut open: Vec<&Claimed> = batch.iter().collect();
    for attempt in 0..SEND_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
        let mut request = sqs.send_message_batch().queue_url(queue_url);
        for (index, claimed) in open.iter().enumerate() {
            let Ok(body) = serde_json::to_string(&claimed.message) else { continue };
            if let Ok(entry) =
                SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body).build()
            {
                request = request.entries(entry);
            }
        }
        match request.send().await {
            Ok(answer) => {
                let sent: HashSet<usize> =
                    answer.successful().iter().filter_map(|entry| entry.id().parse().ok()).collect();
                open = open
                    .into_iter()
                    .enumerate()
                    .filter(|(index, _)| !sent.contains(index))
                    .map(|(_, claimed)| claimed)
                    .collect();
            }
            Err(error) => {
                tracing::warn!(attempt, cause = failure("SendMessageBatch", &error), "messages not sent");
            }
        }
        if open.is_empty() {
            break;
        }
    }
    open.into_iter().map(|claimed| claimed.message.package.id).collect()
}

#[cfg(test)]
mod tests {
    use super::parse_body;

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
}
