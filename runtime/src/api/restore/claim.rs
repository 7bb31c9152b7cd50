//! Moving packages to RESTORING, and back where their messages could not be sent.

use openapi::{
    DatasetId, PackageId, PackageNodeId, PackageType, RESTORE_QUEUE_MAXIMUM_RECEIVES,
    RESTORE_QUEUE_VISIBILITY_SECONDS, RestoreMessage, RestoreMessagePackage, UserNodeId,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, Row};

use super::super::error::ApiError;
use super::super::{AdmittedDataset, ApiFunction};
use crate::database::{DatabaseError, table};

/// A package that is RESTORING now and needs a message.
pub(super) struct Claimed {
    pub(super) node_id: String,
    pub(super) message: RestoreMessage,
}

impl ApiFunction {
    /// Move packages to RESTORING, in one statement: DELETED ones, and those that have been RESTORING for longer than the
    /// queue could still hold their message. A row that somebody else holds locked, as the restore function does with all
    /// of a folder, is not waited for: it counts as not there.
    ///
    /// The commit is a step of its own, so that a statement that we no longer wait for changes nothing.
    pub(super) async fn claim(
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
               ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED), \
             claimed AS (UPDATE {packages} p SET state = 'RESTORING' FROM claimable c WHERE p.id = c.id \
               RETURNING p.id, p.node_id, p.name, p.parent_id, p.type) \
             SELECT d.id, c.id, c.node_id, c.name, c.parent_id, c.type FROM dataset d LEFT JOIN claimed c ON TRUE",
            datasets = table(dataset.organization, "datasets"),
            packages = table(dataset.organization, "packages"),
        );
        let stuck_after = f64::from(RESTORE_QUEUE_VISIBILITY_SECONDS * RESTORE_QUEUE_MAXIMUM_RECEIVES);
        let query =
            sqlx::query(AssertSqlSafe(sql)).bind(dataset.node_id.as_str()).bind(node_ids).bind(stuck_after);
        let rows = self
            .database
            .briefly(async |connection| {
                let mut transaction = connection.begin().await?;
                let rows = query.fetch_all(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(rows)
            })
            .await?;
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

    /// Packages whose message was not sent go back to DELETED.
    pub(super) async fn release(
        &self,
        dataset: &AdmittedDataset,
        packages: &[PackageId],
    ) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE {packages} SET state = 'DELETED' WHERE id = ANY($1) AND state = 'RESTORING'",
            packages = table(dataset.organization, "packages"),
        );
        let ids: Vec<i32> = packages.iter().map(|package| package.0).collect();
        let query = sqlx::query(AssertSqlSafe(sql)).bind(ids);
        self.database.briefly(async |connection| query.execute(connection).await).await?;
        Ok(())
    }
}
