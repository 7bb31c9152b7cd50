//! Storage counters of packages, folders, the dataset and the organization.

use std::collections::{BTreeMap, HashMap, HashSet};

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::PgConnection;

use super::plan::{Plan, PlannedPackage};
use crate::platform::database::{DatabaseError, Statement};

/// Returns the size in bytes by which a package is counted.
///
/// It is that of its source files, or of its delete record if none of them has a size. It is never negative,
/// so all counters increase by the same size.
pub(super) fn size_of(package: &PlannedPackage, record_size: Option<i64>) -> i64 {
    package.source_size.or(record_size).unwrap_or(0).max(0)
}

/// Returns the increment of the counter of each package.
///
/// A file is counted for itself and for every folder above it, restored or not. `parents_above` contains the
/// parents of the restored package and of the folders above it. Rows are locked in ascending order of ids, so
/// two restores in a dataset do not deadlock.
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

/// Increases the counters, which stop at the maximum of `bigint`.
///
/// Other transactions change the rows of the dataset and of the organization often, so they are last, right
/// before the commit.
pub(super) async fn count(
    connection: &mut PgConnection,
    message: &ReceivedRestoreMessage,
    increments: &BTreeMap<PackageId, i64>,
    total: i64,
) -> Result<(), DatabaseError> {
    let (ids, sizes): (Vec<PackageId>, Vec<i64>) = increments.iter().unzip();
    let packages = Statement::for_organization(
        "INSERT INTO {schema}.package_storage AS s (package_id, size) \
         SELECT i.id, i.size FROM unnest($1::int[], $2::bigint[]) AS i(id, size) ORDER BY i.id \
         ON CONFLICT (package_id) DO UPDATE \
         SET size = LEAST(COALESCE(s.size, 0)::numeric + EXCLUDED.size, 9223372036854775807)::bigint",
        message.org_id,
    );
    packages.bind(ids).bind(sizes).fetch_all(connection).await?;

    let dataset = Statement::for_organization(
        "INSERT INTO {schema}.dataset_storage AS s (dataset_id, size) VALUES ($1, $2) \
         ON CONFLICT (dataset_id) DO UPDATE \
         SET size = LEAST(COALESCE(s.size, 0)::numeric + EXCLUDED.size, 9223372036854775807)::bigint",
        message.org_id,
    );
    dataset.bind(message.dataset_id).bind(total).fetch_all(connection).await?;

    let organization = Statement::for_platform(
        "INSERT INTO pennsieve.organization_storage AS s (organization_id, size) VALUES ($1, $2) \
         ON CONFLICT (organization_id) DO UPDATE \
         SET size = LEAST(COALESCE(s.size, 0)::numeric + EXCLUDED.size, 9223372036854775807)::bigint",
    );
    organization.bind(message.org_id).bind(total).fetch_all(connection).await?;
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
    fn file_is_counted_for_itself_and_for_every_folder_above_it() {
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
