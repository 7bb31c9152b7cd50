//! Looking packages up.

use openapi::{DatasetId, PackageId};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};

use super::error::ApiError;
use super::{AdmittedDataset, ApiFunction};
use crate::platform::database::{DatabaseError, table};
use openapi::AssetPrefix;

/// Where a package's newest source file lies.
pub(super) struct SourceFile {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl ApiFunction {
    /// Where the assets of a package of the dataset lie.
    pub(super) async fn asset_prefix(
        &self,
        dataset: &AdmittedDataset,
        package_id: &str,
    ) -> Result<AssetPrefix, ApiError> {
        let sql = format!(
            "SELECT p.state, d.id, p.id FROM {packages} p JOIN {datasets} d ON d.id = p.dataset_id \
             WHERE p.node_id = $1 AND d.node_id = $2 AND {LIVE}",
            packages = table(dataset.organization, "packages"),
            datasets = table(dataset.organization, "datasets"),
        );
        let row = self.find(&sql, package_id, dataset).await?;
        Ok(AssetPrefix {
            organization: dataset.organization,
            dataset: DatasetId(column(&row, 1)?),
            package: PackageId(column(&row, 2)?),
        })
    }

    /// The newest source file of a package of the dataset.
    pub(super) async fn source_file(
        &self,
        dataset: &AdmittedDataset,
        package_id: &str,
    ) -> Result<SourceFile, ApiError> {
        let sql = format!(
            "SELECT p.state, f.s3_bucket, f.s3_key FROM {packages} p JOIN {datasets} d ON d.id = p.dataset_id \
             JOIN {files} f ON f.package_id = p.id AND f.object_type = 'source' \
             WHERE p.node_id = $1 AND d.node_id = $2 AND {LIVE} \
             ORDER BY f.created_at DESC NULLS LAST, f.id DESC LIMIT 1",
            packages = table(dataset.organization, "packages"),
            datasets = table(dataset.organization, "datasets"),
            files = table(dataset.organization, "files"),
        );
        let row = self.find(&sql, package_id, dataset).await?;
        let (bucket, key): (Option<String>, Option<String>) = (column(&row, 1)?, column(&row, 2)?);
        match (bucket, key) {
            (Some(bucket), Some(key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(SourceFile { bucket, key })
            }
            _ => Err(ApiError::NotFound(format!("a stored file of package {package_id}"))),
        }
    }

    /// Run a look-up by package and dataset; its first column is the package's state.
    async fn find(&self, sql: &str, package_id: &str, dataset: &AdmittedDataset) -> Result<PgRow, ApiError> {
        let query = || sqlx::query(AssertSqlSafe(sql)).bind(package_id).bind(dataset.node_id.as_str());
        let rows = self.database.look_up(query).await?;
        let row = rows.into_iter().next();
        let row = row.ok_or_else(|| ApiError::NotFound(format!("package {package_id}")))?;
        match column::<Option<&str>>(&row, 0)? {
            Some(INFECTED) => Err(ApiError::Infected(package_id.to_owned())),
            _ => Ok(row),
        }
    }
}

/// The state of a package in which the platform's virus scan found something.
const INFECTED: &str = "INFECTED";

/// Packages that are deleted, or on their way there or back, are not there; neither are those of a deleted dataset.
const LIVE: &str =
    "p.state NOT IN ('DELETED', 'DELETING', 'RESTORING') AND d.state NOT IN ('DELETED', 'DELETING')";

fn column<'r, T>(row: &'r PgRow, index: usize) -> Result<T, DatabaseError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    Ok(row.try_get(index)?)
}
