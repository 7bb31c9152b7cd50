//! Deletes a restored file again, as the platform deletes it.

use openapi::PackageNodeId;
use sqlx::PgPool;

use super::records::DeleteRecord;
use super::rows::in_schema;
use super::{DemoError, DemoTargets, objects, records};

/// Marks a package as deleted under another name, and takes its size off the counters of everything above it.
///
/// The counters are locked in ascending order of ids, as a restore locks them.
const DELETE: &str = r#"
    WITH RECURSIVE deleted AS (
        UPDATE "{organization}".packages
        SET state = 'DELETED', name = '__DELETED__' || node_id || '_' || name
        WHERE node_id = $1 AND state = 'READY'
        RETURNING id, parent_id, dataset_id
    ), counted (id, parent_id) AS (
        SELECT id, parent_id FROM deleted
        UNION ALL
        SELECT above.id, above.parent_id
        FROM counted JOIN "{organization}".packages AS above ON above.id = counted.parent_id
    ), locked AS (
        SELECT package_id FROM "{organization}".package_storage
        WHERE package_id IN (SELECT id FROM counted) ORDER BY package_id FOR UPDATE
    ), packages_counted AS (
        UPDATE "{organization}".package_storage SET size = size - $2
        WHERE package_id IN (SELECT package_id FROM locked)
    ), dataset_counted AS (
        UPDATE "{organization}".dataset_storage SET size = size - $2
        WHERE dataset_id IN (SELECT dataset_id FROM deleted)
    )
    UPDATE pennsieve.organization_storage SET size = size - $2
    WHERE organization_id = {organization} AND EXISTS (SELECT FROM deleted)
"#;

/// Returns the state of a package, such as `DELETED`, or `None` if it does not exist.
pub async fn state(pool: &PgPool, package: &PackageNodeId) -> Result<Option<String>, DemoError> {
    let find = in_schema(r#"SELECT state FROM "{organization}".packages WHERE node_id = $1"#);
    Ok(sqlx::query_scalar(find).bind(package.as_str()).fetch_optional(pool).await?)
}

/// Deletes a live file, so that it can be restored again. Returns false if it is not live.
///
/// The object goes behind a delete marker before the row changes: a restore that starts in between finds no deleted
/// package. Only one deletion of a file may run at a time.
pub async fn delete_file(targets: &DemoTargets<'_>, package: &PackageNodeId) -> Result<bool, DemoError> {
    let Some((key, bytes)) = find(targets.pool, package).await? else { return Ok(false) };
    let bucket = targets.storage_bucket;
    let markers = objects::delete(targets.s3, bucket, &[&key]).await?;
    let marker = markers
        .get(&key)
        .ok_or_else(|| DemoError::NoDeleteMarker { bucket: bucket.to_owned(), key: key.clone() })?;
    let size = usize::try_from(bytes).unwrap_or_default();
    let record = DeleteRecord { node_id: package, bucket, key: &key, marker, size };
    records::put(targets.dynamodb, targets.delete_record_table, &[record]).await?;
    let delete = sqlx::query(in_schema(DELETE)).bind(package.as_str()).bind(bytes);
    delete.execute(targets.pool).await?;
    Ok(true)
}

/// Returns the key and the size of the file of a live package.
async fn find(pool: &PgPool, package: &PackageNodeId) -> Result<Option<(String, i64)>, DemoError> {
    let find = in_schema(
        r#"SELECT files.s3_key, files.size
           FROM "{organization}".packages JOIN "{organization}".files ON files.package_id = packages.id
           WHERE node_id = $1 AND state = 'READY' AND object_type = 'source'"#,
    );
    Ok(sqlx::query_as(find).bind(package.as_str()).fetch_optional(pool).await?)
}
