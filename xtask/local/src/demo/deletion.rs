//! Deletes packages, as the platform deletes them.
//!
//! The platform's API renames the packages and marks them as DELETING. Its jobs then put the objects behind delete markers,
//! record these, and mark the packages as DELETED.

use openapi::PackageNodeId;
use sqlx::PgPool;

use super::records::DeleteRecord;
use super::rows::in_schema;
use super::{DemoError, DemoTargets, objects, records};

/// Marks a live package and the live packages in it as DELETING, and takes their size off the counters of everything above.
///
/// Rows are locked in ascending order of ids, as a restore locks them.
const BEGIN: &str = r#"
    WITH RECURSIVE tree (id) AS (
        SELECT id FROM "{organization}".packages WHERE node_id = $1 AND state = 'READY'
        UNION ALL
        SELECT packages.id FROM tree JOIN "{organization}".packages ON parent_id = tree.id
    ), claimed AS (
        SELECT id FROM "{organization}".packages
        WHERE id IN (SELECT id FROM tree) AND state = 'READY' ORDER BY id FOR UPDATE
    ), deleted AS (
        UPDATE "{organization}".packages SET state = 'DELETING', name = '__DELETED__' || node_id || '_' || name
        WHERE id IN (SELECT id FROM claimed)
        RETURNING id, node_id, parent_id, dataset_id
    ), sources AS (
        SELECT deleted.*, s3_key, size FROM deleted JOIN "{organization}".files ON package_id = deleted.id
        WHERE object_type = 'source'
    ), counted (package_id, parent_id, size) AS (
        SELECT id, parent_id, size FROM sources
        UNION ALL
        SELECT above.id, above.parent_id, counted.size
        FROM counted JOIN "{organization}".packages AS above ON above.id = counted.parent_id
    ), totals AS (
        SELECT package_id, sum(size) AS size FROM counted GROUP BY package_id
    ), locked AS (
        SELECT package_id FROM "{organization}".package_storage
        WHERE package_id IN (SELECT package_id FROM totals) ORDER BY package_id FOR UPDATE
    ), packages_counted AS (
        UPDATE "{organization}".package_storage AS storage SET size = storage.size - totals.size
        FROM totals WHERE storage.package_id = totals.package_id
          AND storage.package_id IN (SELECT package_id FROM locked)
    ), datasets AS (
        SELECT dataset_id, sum(size) AS size FROM sources GROUP BY dataset_id
    ), datasets_counted AS (
        UPDATE "{organization}".dataset_storage AS storage SET size = storage.size - datasets.size
        FROM datasets WHERE storage.dataset_id = datasets.dataset_id
    ), organization_counted AS (
        UPDATE pennsieve.organization_storage AS storage SET size = storage.size - datasets.size
        FROM datasets WHERE organization_id = {organization}
    )
    SELECT deleted.id, deleted.node_id, s3_key, size FROM deleted LEFT JOIN sources USING (id) ORDER BY deleted.id
"#;

const END: &str =
    r#"UPDATE "{organization}".packages SET state = 'DELETED' WHERE id = ANY($1) AND state = 'DELETING'"#;

/// The id and the node id of a package that is being deleted, and the key and the size of its file. A folder has none.
type Deleted = (i32, String, Option<String>, Option<i64>);

/// Returns the state of a package, such as `DELETED`, or `None` if it does not exist.
pub async fn state(pool: &PgPool, package: &PackageNodeId) -> Result<Option<String>, DemoError> {
    let find = in_schema(r#"SELECT state FROM "{organization}".packages WHERE node_id = $1"#);
    Ok(sqlx::query_scalar(find).bind(package.as_str()).fetch_optional(pool).await?)
}

/// Deletes a live file, or a live folder with everything in it. Returns false if it is not live.
///
/// As on the platform, packages stay DELETING if this fails between its steps.
pub async fn delete(targets: &DemoTargets<'_>, package: &PackageNodeId) -> Result<bool, DemoError> {
    let begin = sqlx::query_as(in_schema(BEGIN)).bind(package.as_str());
    let deleted: Vec<Deleted> = begin.fetch_all(targets.pool).await?;
    delete_objects(targets, &deleted).await?;
    let ids: Vec<i32> = deleted.iter().map(|(id, ..)| *id).collect();
    sqlx::query(in_schema(END)).bind(ids).execute(targets.pool).await?;
    Ok(!deleted.is_empty())
}

async fn delete_objects(targets: &DemoTargets<'_>, deleted: &[Deleted]) -> Result<(), DemoError> {
    let bucket = targets.storage_bucket;
    let files: Vec<(PackageNodeId, &str, i64)> = deleted
        .iter()
        .filter_map(|(_, node_id, key, size)| {
            Some((PackageNodeId(node_id.clone()), key.as_deref()?, (*size)?))
        })
        .collect();
    let keys: Vec<&str> = files.iter().map(|(_, key, _)| *key).collect();
    let markers = objects::delete(targets.s3, bucket, &keys).await?;
    let mut deletions = Vec::new();
    for (node_id, key, size) in &files {
        let marker = markers
            .get(*key)
            .ok_or_else(|| DemoError::NoDeleteMarker { bucket: bucket.to_owned(), key: (*key).to_owned() })?;
        let size = usize::try_from(*size).unwrap_or_default();
        deletions.push(DeleteRecord { node_id, bucket, key, marker, size });
    }
    records::put(targets.dynamodb, targets.delete_record_table, &deletions).await
}
