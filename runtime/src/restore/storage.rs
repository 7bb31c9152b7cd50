//! Storage counters: of each package, of every folder above it, of the dataset, of the organization.

use std::collections::{BTreeMap, HashMap, HashSet};

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::{AssertSqlSafe, PgConnection};

use super::plan::{Plan, PlannedPackage};
use crate::platform::database::{DatabaseError, table};

/// The size that a package counts with, in bytes: that of its source files, or of its delete record where none of them has
/// a size. Never negative, whatever its row says: all counters must go up by the same.
pub(super) fn size_of(package: &PlannedPackage, record_size: Option<i64>) -> i64 {
    package.source_size.or(record_size).unwrap_or(0).max(0)
}

/// How much each package's counter goes up, by the sizes of the files that were restored.
///
/// A file counts for itself and for every folder above it, restored now or live already; `parents_above` are those of
/// the restored package and of the folders above it. Ascending ids: rows are locked in that order, so that two restores
/// in one dataset cannot wait for each other.
pub(super) fn increments(
    plan: &Plan,
    parents_above: HashMap<PackageId, PackageId>,
    restored_sizes: &HashMap<PackageId, i64>,
) -> BTreeMap<PackageId, i64> {
    let mut parents = parents_above;
    parents.extend(plan.descendants.iter().filter_map(|package| Some((package.id, package.parent?))));
    let mut increments = BTreeMap::new();
    for (package, size) in restored_sizes {
        let mut next = Some(*package);
        let mut seen = HashSet::new();
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            let counted: &mut i64 = increments.entry(id).or_insert(0);
            *counted = counted.saturating_add(*size);
            next = parents.get(&id).copied();
        }
    }
    increments
}

/// Count. The rows of the dataset and the organization are hot: they come last, right before the commit.
pub(super) async fn count(
    connection: &mut PgConnection,
    message: &ReceivedRestoreMessage,
    increments: &BTreeMap<PackageId, i64>,
    total: i64,
) -> Result<(), DatabaseError> {
    let (ids, sizes): (Vec<i32>, Vec<i64>) = increments.iter().map(|(id, size)| (id.0, size)).unzip();
    let packages = format!(
        "INSERT INTO {storage} AS s (package_id, size) \
         SELECT i.id, i.size FROM unnest($1::int[], $2::bigint[]) AS i(id, size) ORDER BY i.id \
         ON CONFLICT (package_id) DO UPDATE SET size = COALESCE(s.size, 0) + EXCLUDED.size",
        storage = table(message.org_id, "package_storage"),
    );
    sqlx::query(AssertSqlSafe(packages)).bind(ids).bind(sizes).execute(&mut *connection).await?;

    let dataset = format!(
        "INSERT INTO {storage} AS s (dataset_id, size) VALUES ($1, $2) \
         ON CONFLICT (dataset_id) DO UPDATE SET size = COALESCE(s.size, 0) + EXCLUDED.size",
        storage = table(message.org_id, "dataset_storage"),
    );
    let dataset = sqlx::query(AssertSqlSafe(dataset)).bind(message.dataset_id.0).bind(total);
    dataset.execute(&mut *connection).await?;

    let organization = "INSERT INTO pennsieve.organization_storage AS s (organization_id, size) VALUES ($1, $2) \
                        ON CONFLICT (organization_id) DO UPDATE SET size = COALESCE(s.size, 0) + EXCLUDED.size";
    sqlx::query(organization).bind(message.org_id.0).bind(total).execute(&mut *connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use openapi::PackageId;

    use super::super::plan::{Plan, PlannedPackage, State};
    use super::{increments, size_of};

    fn package(id: i32, parent: i32) -> PlannedPackage {
        PlannedPackage {
            id: PackageId(id),
            node_id: None,
            parent: Some(PackageId(parent)),
            state: State::Deleted,
            is_folder: false,
            source_size: None,
            is_published: false,
        }
    }

    #[test]
    fn a_file_counts_for_itself_and_for_every_folder_above_it() {
        let plan = Plan {
            itself: package(10, 5),
            ancestors: vec![package(5, 2)],
            descendants: vec![package(11, 10), package(12, 11), package(13, 11)],
        };
        let above =
            HashMap::from([(10, 5), (5, 2), (2, 1)].map(|(id, parent)| (PackageId(id), PackageId(parent))));
        let sizes = HashMap::from([(PackageId(12), 7), (PackageId(13), 30)]);
        let counted: Vec<(i32, i64)> =
            increments(&plan, above.clone(), &sizes).into_iter().map(|(id, size)| (id.0, size)).collect();
        let huge = HashMap::from([(PackageId(12), i64::MAX), (PackageId(13), i64::MAX)]);
        assert_eq!(increments(&plan, above, &huge)[&PackageId(1)], i64::MAX);
        assert_eq!(counted, [(1, 37), (2, 37), (5, 37), (10, 37), (11, 37), (12, 7), (13, 30)]);
    }

    #[test]
    fn size_is_that_of_the_source_files_and_never_negative() {
        let size =
            |source_size, record_size| size_of(&PlannedPackage { source_size, ..package(1, 2) }, record_size);
        assert_eq!(size(Some(7), Some(40)), 7);
        assert_eq!(size(None, Some(40)), 40);
        assert_eq!(size(None, None), 0);
        assert_eq!(size(Some(-5), Some(40)), 0);
    }
}
