//! Finding packages in the database.

use openapi::{AssetPrefix, DatasetId, PackageId, PackageNodeId};
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use super::admission::AdmittedDataset;
use super::context::ApiContext;
use super::error::ApiError;
use crate::platform::database::{DatabaseError, Statement};

/// The state of a package in which the virus scan of the platform found something.
const INFECTED: &str = "INFECTED";

/// An object in S3.
pub(super) struct S3Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// Returns the prefix of the assets of a package in the dataset.
pub(super) async fn asset_prefix(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    package: &PackageNodeId,
) -> Result<AssetPrefix, ApiError> {
    let statement = Statement::for_organization(
        "SELECT p.state, d.id, p.id FROM {schema}.packages p JOIN {schema}.datasets d ON d.id = p.dataset_id \
         WHERE p.node_id = $1 AND d.node_id = $2 \
           AND p.state NOT IN ('DELETED', 'DELETING', 'RESTORING') AND d.state NOT IN ('DELETED', 'DELETING')",
        dataset.organization,
    );
    let row = find(context, &statement, dataset, package).await?;
    Ok(AssetPrefix {
        organization: dataset.organization,
        dataset: DatasetId(column(&row, 1)?),
        package: PackageId(column(&row, 2)?),
    })
}

/// Returns the newest source file of a package in the dataset.
pub(super) async fn source_file(
    context: &ApiContext,
    dataset: &AdmittedDataset,
    package: &PackageNodeId,
) -> Result<S3Object, ApiError> {
    let statement = Statement::for_organization(
        "SELECT p.state, f.s3_bucket, f.s3_key \
         FROM {schema}.packages p JOIN {schema}.datasets d ON d.id = p.dataset_id \
         JOIN {schema}.files f ON f.package_id = p.id AND f.object_type = 'source' \
         WHERE p.node_id = $1 AND d.node_id = $2 \
           AND p.state NOT IN ('DELETED', 'DELETING', 'RESTORING') AND d.state NOT IN ('DELETED', 'DELETING') \
         ORDER BY f.created_at DESC NULLS LAST, f.id DESC LIMIT 1",
        dataset.organization,
    );
    let row = find(context, &statement, dataset, package).await?;
    let (bucket, key): (Option<String>, Option<String>) = (column(&row, 1)?, column(&row, 2)?);
    match (bucket, key) {
        (Some(bucket), Some(key)) if !bucket.is_empty() && !key.is_empty() => Ok(S3Object { bucket, key }),
        _ => Err(ApiError::NotFound(format!("a stored file of package {package}"))),
    }
}

/// Executes a statement about a package in the dataset.
///
/// The first column of its row is the state of the package.
///
/// Packages that are deleted, being deleted or being restored do not exist for these statements, nor do
/// packages of a deleted dataset.
async fn find(
    context: &ApiContext,
    statement: &Statement,
    dataset: &AdmittedDataset,
    package: &PackageNodeId,
) -> Result<PgRow, ApiError> {
    let rows = context.database.look_up(|| statement.bind(package).bind(&dataset.node_id)).await?;
    let row = rows.into_iter().next();
    let row = row.ok_or_else(|| ApiError::NotFound(format!("package {package}")))?;
    match column::<Option<&str>>(&row, 0)? {
        Some(INFECTED) => Err(ApiError::Infected(package.clone())),
        _ => Ok(row),
    }
}

fn column<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    index: usize,
) -> Result<T, DatabaseError> {
    Ok(row.try_get(index)?)
}
