//! Moving packages to RESTORING, and back if their messages were not sent.
//!
//! A claim is one statement that commits by itself. If its response is lost, all of it happened or nothing,
//! and it may even happen later, because a server does not notice immediately that the client is gone. So a
//! claim has a deadline by the clock of the database: it locks its rows, and changes a row only before the
//! deadline. A statement that waits for the deadline and for the locks sees the final outcome of the claim.
//!
//! A `statement_timeout` is not a replacement. Setting it for the session pins the session of an RDS proxy
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html>). Setting it for a
//! transaction requires a `BEGIN` and a `COMMIT`. Within the statement it is too late, because PostgreSQL
//! reads it when a statement starts. And it does not include the commit.

use std::collections::HashSet;

use openapi::{
    DatasetId, PackageId, PackageNodeId, PackageType, RESTORING_STUCK_AFTER_SECONDS, RestoreMessage,
    RestoreMessagePackage, UserNodeId,
};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::api::admission::AdmittedDataset;
use crate::api::error::ApiError;
use crate::platform::database::{ChangeError, Database, DatabaseError, Moment, Query, Statement};

/// The time in which a claim can change rows.
///
/// It is shorter than the time limit of a statement, so the claim is normally over when the statement times
/// out.
const CLAIM_SECONDS: f64 = 3.0;

/// Finds a dataset by its node id, which is not unique.
macro_rules! dataset_by_node_id {
    () => {
        "dataset AS (SELECT id FROM {schema}.datasets \
           WHERE node_id = $1 AND state NOT IN ('DELETED', 'DELETING') ORDER BY id LIMIT 1)"
    };
}

/// Claims packages.
///
/// The deadline is evaluated beside the update, after the row was locked.
const CLAIM: &str = concat!(
    "WITH ",
    dataset_by_node_id!(),
    ", claimable AS (SELECT p.id, p.node_id FROM {schema}.packages p JOIN dataset d ON p.dataset_id = d.id \
       WHERE p.node_id = ANY($2) AND (p.state = 'DELETED' OR (p.state = 'RESTORING' \
         AND COALESCE(p.updated_at, '-infinity') < LOCALTIMESTAMP - make_interval(secs => $5))) \
       ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED), \
     claimed AS (UPDATE {schema}.packages p SET state = 'RESTORING' FROM claimable c \
       WHERE p.id = c.id AND clock_timestamp() < $3::timestamptz + make_interval(secs => $4) \
       RETURNING p.id, p.name, p.parent_id, p.type, p.updated_at::text AS at) \
     SELECT d.id, able.node_id, c.id, c.name, c.parent_id, c.type, c.at FROM dataset d \
     LEFT JOIN (claimable able LEFT JOIN claimed c ON c.id = able.id) ON TRUE"
);

/// A locked row is read as it is after the lock.
///
/// <https://www.postgresql.org/docs/current/transaction-iso.html>.
const OUTCOME: &str = concat!(
    "WITH ",
    dataset_by_node_id!(),
    ", over AS MATERIALIZED (SELECT pg_sleep(GREATEST(0, EXTRACT(EPOCH FROM \
       $3::timestamptz + make_interval(secs => $4) - clock_timestamp())))), \
     asked AS (SELECT p.id, p.node_id, p.name, p.parent_id, p.type, p.state, p.updated_at \
       FROM over, {schema}.packages p JOIN dataset d ON p.dataset_id = d.id \
       WHERE p.node_id = ANY($2) ORDER BY p.id FOR NO KEY UPDATE OF p) \
     SELECT d.id, a.node_id, CASE WHEN a.state = 'RESTORING' THEN a.id END, \
       a.name, a.parent_id, a.type, a.updated_at::text FROM dataset d JOIN asked a ON \
       a.state = 'DELETED' OR (a.state = 'RESTORING' AND a.updated_at >= $3::timestamptz::timestamp)"
);

/// A package that is RESTORING and needs a message.
pub(super) struct Claimed {
    pub(super) message: RestoreMessage,
    /// The time when it became RESTORING, in the notation of PostgreSQL.
    at: String,
    /// Whether only this request can have claimed it.
    is_ours: bool,
}

impl Claimed {
    pub(super) fn node_id(&self) -> &str {
        self.message.package.node_id.as_str()
    }
}

/// The outcome of a claim.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) claimed: Vec<Claimed>,
    /// Node ids of packages that could have been claimed, but were not.
    pub(super) unclaimed: HashSet<String>,
}

/// The packages that a request claims.
pub(super) struct Claim<'a> {
    pub(super) database: &'a Database,
    pub(super) dataset: &'a AdmittedDataset,
    pub(super) user: &'a UserNodeId,
    pub(super) node_ids: &'a [&'a str],
}

impl Claim<'_> {
    /// Moves packages to RESTORING.
    ///
    /// These are DELETED packages, and those that are stuck in RESTORING. Rows locked by another transaction, such as that
    /// of the restore function, are skipped and reported as not found.
    ///
    /// If it is unknown whether the claim happened, its outcome is read. If it happened, its packages get
    /// their messages now. Otherwise it is repeated once.
    pub(super) async fn claim(&self) -> Result<Claims, ApiError> {
        let since = match self.claim_once().await {
            Err(ChangeError::Unknown { since, cause }) => {
                tracing::warn!(%cause, "the claim was not confirmed; reading its outcome");
                since
            }
            outcome => return self.outcome(&outcome.map_err(DatabaseError::from)?),
        };
        let claims = match self.read_outcome(&since).await {
            Ok(claims) => claims,
            Err(error) => {
                let count = self.node_ids.len();
                tracing::error!(count, cause = %error, "packages may stay RESTORING without a message");
                return Err(error.into());
            }
        };
        if !claims.claimed.is_empty() {
            return Ok(claims);
        }
        match self.claim_once().await {
            Err(ChangeError::Unknown { cause, .. }) => {
                let count = self.node_ids.len();
                tracing::error!(count, %cause, "packages may stay RESTORING without a message");
                Err(cause.into())
            }
            outcome => self.outcome(&outcome.map_err(DatabaseError::from)?),
        }
    }

    async fn claim_once(&self) -> Result<Vec<PgRow>, ChangeError> {
        let statement = self.statement(CLAIM);
        let stuck_after = f64::from(RESTORING_STUCK_AFTER_SECONDS);
        self.database.change(|now| self.query(&statement, now).bind(stuck_after)).await
    }

    /// Reads the outcome of a claim without a response, after its deadline.
    ///
    /// Another request may have claimed one of the packages in between. A second message does no harm, but
    /// releasing a package that has a message would.
    async fn read_outcome(&self, since: &Moment) -> Result<Claims, DatabaseError> {
        let statement = self.statement(OUTCOME);
        let rows = self.database.look_up(|| self.query(&statement, since)).await?;
        let mut claims = self.read(&rows)?;
        for claimed in &mut claims.claimed {
            claimed.is_ours = false;
        }
        Ok(claims)
    }

    /// Moves packages whose messages were not sent back to DELETED.
    ///
    /// Changes only rows that are unchanged since the claim, which their time shows.
    pub(super) async fn release(&self, unsent: &[&Claimed]) -> Result<(), DatabaseError> {
        let statement = self.statement(
            "UPDATE {schema}.packages p SET state = 'DELETED' \
             FROM unnest($1::int[], $2::text[]) AS r(id, at) \
             WHERE p.id = r.id AND p.state = 'RESTORING' AND p.updated_at = r.at::timestamp",
        );
        let (ids, times): (Vec<PackageId>, Vec<&str>) = unsent
            .iter()
            .filter(|claimed| claimed.is_ours)
            .map(|claimed| (claimed.message.package.id, claimed.at.as_str()))
            .unzip();
        let query = |_: &Moment| statement.bind(ids.clone()).bind(times.clone());
        match self.database.change(query).await {
            // The statement can be repeated.
            Err(ChangeError::Unknown { .. }) => self.database.change(query).await?,
            outcome => outcome?,
        };
        if ids.len() < unsent.len() {
            tracing::error!(
                count = unsent.len() - ids.len(),
                "packages without a message stay RESTORING: another request may have claimed them"
            );
        }
        Ok(())
    }

    fn statement(&self, text: &'static str) -> Statement {
        Statement::for_organization(text, self.dataset.organization)
    }

    /// Returns a statement with the parameters that all statements of a claim have.
    fn query(&self, statement: &Statement, since: &Moment) -> Query {
        statement.bind(&self.dataset.node_id).bind(self.node_ids).bind(since).bind(CLAIM_SECONDS)
    }

    /// Returns the outcome of a claim from its rows.
    ///
    /// Without rows, the dataset does not exist.
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
                Some(id) => claims.claimed.push(self.claimed(row, PackageId(id), PackageNodeId(node_id))?),
                None => {
                    claims.unclaimed.insert(node_id);
                }
            }
        }
        Ok(claims)
    }

    fn claimed(&self, row: &PgRow, id: PackageId, node_id: PackageNodeId) -> Result<Claimed, sqlx::Error> {
        let message = RestoreMessage {
            org_id: self.dataset.organization,
            dataset_id: DatasetId(row.try_get(0)?),
            user_id: self.user.clone(),
            package: RestoreMessagePackage {
                id,
                node_id,
                name: row.try_get(3)?,
                parent_id: row.try_get::<Option<i32>, _>(4)?.map(PackageId),
                package_type: PackageType::from_name(row.try_get(5)?),
            },
        };
        Ok(Claimed { message, at: row.try_get(6)?, is_ours: true })
    }
}
