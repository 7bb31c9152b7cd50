//! Moving packages to RESTORING, and back where their messages could not be sent.
//!
//! A claim is one statement that commits by itself. Its answer can be lost: then either all of it happened or nothing, and
//! it may even happen later, because a server does not notice at once that nobody waits for it any more. So a claim
//! carries its own deadline, by the database's clock: it locks its rows, and changes a row only before the deadline. Who
//! looks after the deadline, and waits for the locks, sees what the claim has done, and nothing can change any more.
//!
//! Why not a `statement_timeout`: to set it for the session pins an RDS proxy's session
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html>), to set it for a transaction takes a
//! `BEGIN` and a `COMMIT`, and within the statement it comes too late, since PostgreSQL reads it when a statement starts.
//! Nor does it cover the commit.

use std::collections::HashSet;

use openapi::{
    DatasetId, PackageId, PackageNodeId, PackageType, RESTORING_STUCK_AFTER_SECONDS, RestoreMessage,
    RestoreMessagePackage, UserNodeId,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, Row};

use super::super::super::error::ApiError;
use super::super::super::{AdmittedDataset, ApiFunction};
use crate::platform::database::{ChangeError, DatabaseError, Moment, table};

/// How long a claim may change rows after it was asked for. Less than `STATEMENT_TIME`, for which we wait: it is normally
/// over when we give up waiting.
const CLAIM_SECONDS: f64 = 3.0;

/// A package that is RESTORING now and needs a message.
pub(super) struct Claimed {
    pub(super) node_id: String,
    pub(super) message: RestoreMessage,
    /// When it became RESTORING, in the words of PostgreSQL.
    at: String,
    /// Whether nobody but this request can have claimed it.
    is_ours: bool,
}

/// What a claim has done.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) claimed: Vec<Claimed>,
    /// Node ids of packages that could be claimed, but were not.
    pub(super) unclaimed: HashSet<String>,
}

/// Whose packages are claimed.
pub(super) struct Claim<'a> {
    pub(super) dataset: &'a AdmittedDataset,
    pub(super) user: &'a UserNodeId,
    pub(super) node_ids: &'a [&'a str],
}

impl ApiFunction {
    /// Moves packages to RESTORING: DELETED ones, and those that have been RESTORING for so long that nobody works on
    /// them. Rows locked by another transaction, such as the restore function's, are skipped and reported as not found.
    ///
    /// Where nobody knows whether it happened, that is found out. Where it did, its packages get their messages now;
    /// where it did not, it is tried once more.
    pub(super) async fn claim(&self, claim: &Claim<'_>) -> Result<Claims, ApiError> {
        let since = match self.claim_once(claim).await {
            Err(ChangeError::Unknown { since, cause }) => {
                tracing::warn!(%cause, "the claim was not confirmed; looking what it has done");
                since
            }
            outcome => return claim.outcome(&outcome.map_err(DatabaseError::from)?),
        };
        let settled = match self.settle(claim, &since).await {
            Ok(settled) => settled,
            Err(error) => {
                let count = claim.node_ids.len();
                tracing::error!(count, cause = %error, "packages may stay RESTORING without a message");
                return Err(error.into());
            }
        };
        if !settled.claimed.is_empty() {
            return Ok(settled);
        }
        match self.claim_once(claim).await {
            Err(ChangeError::Unknown { cause, .. }) => {
                let count = claim.node_ids.len();
                tracing::error!(count, %cause, "packages may stay RESTORING without a message");
                Err(cause.into())
            }
            outcome => claim.outcome(&outcome.map_err(DatabaseError::from)?),
        }
    }

    async fn claim_once(&self, claim: &Claim<'_>) -> Result<Vec<PgRow>, ChangeError> {
        // The deadline stands beside the update, where it is looked at after the row was locked.
        let sql = format!(
            "WITH {DATASET}, \
             claimable AS (SELECT p.id, p.node_id FROM {packages} p JOIN dataset d ON p.dataset_id = d.id \
               WHERE p.node_id = ANY($2) AND (p.state = 'DELETED' OR (p.state = 'RESTORING' \
                 AND COALESCE(p.updated_at, '-infinity') < LOCALTIMESTAMP - make_interval(secs => $5))) \
               ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED), \
             claimed AS (UPDATE {packages} p SET state = 'RESTORING' FROM claimable c \
               WHERE p.id = c.id AND clock_timestamp() < $3::timestamptz + make_interval(secs => $4) \
               RETURNING p.id, p.name, p.parent_id, p.type, p.updated_at::text AS at) \
             SELECT d.id, able.node_id, c.id, c.name, c.parent_id, c.type, c.at FROM dataset d \
             LEFT JOIN (claimable able LEFT JOIN claimed c ON c.id = able.id) ON TRUE",
            DATASET = claim.dataset_by_node_id(),
            packages = claim.packages(),
        );
        let stuck_after = f64::from(RESTORING_STUCK_AFTER_SECONDS);
        self.database.change(|now| claim.query(&sql, now).bind(stuck_after)).await
    }

    /// What a claim has done of which nobody knows whether it happened. Waits until it cannot happen any more.
    ///
    /// Another request may have claimed one of the packages in between. To send a second message does no harm, while to
    /// undo a claim that has its message would.
    async fn settle(&self, claim: &Claim<'_>, since: &Moment) -> Result<Claims, DatabaseError> {
        // A row that was locked is read as it is after the lock: https://www.postgresql.org/docs/current/transaction-iso.html.
        let sql = format!(
            "WITH {DATASET}, \
             over AS MATERIALIZED (SELECT pg_sleep(GREATEST(0, EXTRACT(EPOCH FROM \
               $3::timestamptz + make_interval(secs => $4) - clock_timestamp())))), \
             asked AS (SELECT p.id, p.node_id, p.name, p.parent_id, p.type, p.state, p.updated_at \
               FROM over, {packages} p JOIN dataset d ON p.dataset_id = d.id \
               WHERE p.node_id = ANY($2) ORDER BY p.id FOR NO KEY UPDATE OF p) \
             SELECT d.id, a.node_id, CASE WHEN a.state = 'RESTORING' THEN a.id END, \
               a.name, a.parent_id, a.type, a.updated_at::text FROM dataset d JOIN asked a ON \
               a.state = 'DELETED' OR (a.state = 'RESTORING' AND a.updated_at >= $3::timestamptz::timestamp)",
            DATASET = claim.dataset_by_node_id(),
            packages = claim.packages(),
        );
        let rows = self.database.look_up(|| claim.query(&sql, since)).await?;
        let mut claims = claim.read(&rows)?;
        for claimed in &mut claims.claimed {
            claimed.is_ours = false;
        }
        Ok(claims)
    }

    /// Moves packages whose messages were not sent back to DELETED, and no others: only rows that are as the claim left
    /// them, which the time tells.
    pub(super) async fn release(
        &self,
        dataset: &AdmittedDataset,
        unsent: &[&Claimed],
    ) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE {packages} p SET state = 'DELETED' \
             FROM unnest($1::int[], $2::text[]) AS r(id, at) \
             WHERE p.id = r.id AND p.state = 'RESTORING' AND p.updated_at = r.at::timestamp",
            packages = table(dataset.organization, "packages"),
        );
        let ours = || unsent.iter().filter(|claimed| claimed.is_ours);
        let ids: Vec<i32> = ours().map(|claimed| claimed.message.package.id.0).collect();
        let times: Vec<&str> = ours().map(|claimed| claimed.at.as_str()).collect();
        let query = |_: &Moment| sqlx::query(AssertSqlSafe(sql.as_str())).bind(&ids).bind(&times);
        match self.database.change(query).await {
            // Done twice, it is done once.
            Err(ChangeError::Unknown { .. }) => self.database.change(query).await?,
            outcome => outcome?,
        };
        if ours().count() < unsent.len() {
            tracing::error!(
                count = unsent.len() - ours().count(),
                "packages without a message stay RESTORING: another request may have claimed them"
            );
        }
        Ok(())
    }
}

impl Claim<'_> {
    /// A dataset by its node id, which is not unique.
    fn dataset_by_node_id(&self) -> String {
        format!(
            "dataset AS (SELECT id FROM {datasets} \
               WHERE node_id = $1 AND state NOT IN ('DELETED', 'DELETING') ORDER BY id LIMIT 1)",
            datasets = table(self.dataset.organization, "datasets"),
        )
    }

    fn packages(&self) -> String {
        table(self.dataset.organization, "packages")
    }

    /// A statement with what all statements about a claim need.
    fn query<'q>(&'q self, sql: &'q str, asked: &Moment) -> Query<'q, Postgres, PgArguments> {
        sqlx::query(AssertSqlSafe(sql))
            .bind(self.dataset.node_id.as_str())
            .bind(self.node_ids)
            .bind(asked.as_str().to_owned())
            .bind(CLAIM_SECONDS)
    }

    /// What the rows say; there are none where the dataset does not exist.
    fn outcome(&self, rows: &[PgRow]) -> Result<Claims, ApiError> {
        if rows.is_empty() {
            return Err(ApiError::NotFound(format!("dataset {}", self.dataset.node_id)));
        }
        Ok(self.read(rows).map_err(DatabaseError::from)?)
    }

    fn read(&self, rows: &[PgRow]) -> Result<Claims, sqlx::Error> {
        let mut claims = Claims::default();
        for row in rows {
            let Some(node_id) = row.try_get::<Option<String>, _>(1)? else { continue };
            match row.try_get::<Option<i32>, _>(2)? {
                Some(id) => claims.claimed.push(self.claimed(row, id, node_id)?),
                None => {
                    claims.unclaimed.insert(node_id);
                }
            }
        }
        Ok(claims)
    }

    fn claimed(&self, row: &PgRow, id: i32, node_id: String) -> Result<Claimed, sqlx::Error> {
        let package_type: String = row.try_get(5)?;
        let message = RestoreMessage {
            org_id: self.dataset.organization,
            dataset_id: DatasetId(row.try_get(0)?),
            user_id: self.user.clone(),
            package: RestoreMessagePackage {
                id: PackageId(id),
                node_id: PackageNodeId(node_id.clone()),
                name: row.try_get(3)?,
                parent_id: row.try_get::<Option<i32>, _>(4)?.map(PackageId),
                package_type: PackageType::from_name(&package_type),
            },
        };
        Ok(Claimed { node_id, message, at: row.try_get(6)?, is_ours: true })
    }
}
