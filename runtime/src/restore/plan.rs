//! What a message restores: one query reads it all.

use std::collections::{HashMap, HashSet};

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

use crate::platform::database::{Database, DatabaseError, table};

/// The planner cannot know how deep a recursion goes, fears the worst, and has the query compiled, which takes longer
/// than running it: <https://www.postgresql.org/docs/current/jit-decision.html>.
const BEGIN: &str = "BEGIN READ ONLY; SELECT set_config('jit', 'off', true)";

/// The states that matter to a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// As any live package.
    Ready,
    /// Deleted, and restorable.
    Deleted,
    /// Asked to be restored.
    Restoring,
    /// On its way to be deleted, or uploading: none of our business.
    Other,
}

impl State {
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "READY" => Self::Ready,
            "DELETED" => Self::Deleted,
            "RESTORING" => Self::Restoring,
            _ => Self::Other,
        }
    }
}

/// A package as the plan's query saw it.
#[derive(Clone, Debug)]
pub(super) struct PlannedPackage {
    pub(super) id: PackageId,
    pub(super) node_id: Option<String>,
    pub(super) parent: Option<PackageId>,
    pub(super) state: State,
    pub(super) is_folder: bool,
    /// The size of its source files in bytes, where one of them has a size.
    pub(super) source_size: Option<i64>,
    /// Whether it has source files, all of which are published: those lie in the publish bucket, undeleted.
    pub(super) is_published: bool,
}

impl PlannedPackage {
    /// Whether a delete marker hides its object.
    pub(super) fn has_deleted_object(&self) -> bool {
        !self.is_folder && !self.is_published
    }
}

/// What a message restores.
#[derive(Debug)]
pub(super) struct Plan {
    /// The package that the message names.
    pub(super) itself: PlannedPackage,
    /// The contiguous chain of deleted folders above it.
    pub(super) ancestors: Vec<PlannedPackage>,
    /// All that is deleted in it, reachable through deleted folders; ascending ids.
    pub(super) descendants: Vec<PlannedPackage>,
}

impl Plan {
    /// Read the plan of a message; none where the package does not exist in that dataset.
    ///
    /// The recursions use `UNION`, which drops rows seen before, so that a cycle in parent links ends them.
    pub(super) async fn read(
        database: &Database,
        message: &ReceivedRestoreMessage,
    ) -> Result<Option<Self>, DatabaseError> {
        let packages = table(message.org_id, "packages");
        let files = table(message.org_id, "files");
        let sql = format!(
            "WITH RECURSIVE itself AS ( \
               SELECT id, parent_id, type FROM {packages} WHERE id = $1 AND dataset_id = $2 AND node_id = $3), \
             lineage AS ( \
               SELECT p.id, p.parent_id FROM itself i JOIN {packages} p ON p.id = i.parent_id AND p.dataset_id = $2 \
               UNION \
               SELECT p.id, p.parent_id FROM lineage l JOIN {packages} p ON p.id = l.parent_id AND p.dataset_id = $2), \
             descendant AS ( \
               SELECT p.id FROM itself i JOIN {packages} p ON p.parent_id = i.id \
                 AND p.dataset_id = $2 AND p.state = 'DELETED' AND i.type = 'Collection' \
               UNION \
               SELECT p.id FROM descendant d JOIN {packages} p ON p.parent_id = d.id \
                 AND p.dataset_id = $2 AND p.state = 'DELETED'), \
             part AS ( \
               SELECT id, min(kind) AS kind FROM ( \
                 SELECT id, 0 AS kind FROM itself UNION ALL \
                 SELECT id, 1 FROM lineage UNION ALL \
                 SELECT id, 2 FROM descendant) AS parts GROUP BY id) \
             SELECT part.kind, p.id, p.node_id, p.parent_id, p.state, p.type = 'Collection', f.size, f.published \
             FROM part JOIN {packages} p ON p.id = part.id \
             LEFT JOIN LATERAL ( \
               SELECT sum(size)::bigint AS size, bool_and(published_s3_version_id IS NOT NULL) AS published \
               FROM {files} WHERE package_id = p.id AND object_type = 'source' AND part.kind <> 1) f ON TRUE \
             ORDER BY p.id"
        );
        let query = || {
            sqlx::query(AssertSqlSafe(sql.as_str()))
                .bind(message.package.id.0)
                .bind(message.dataset_id.0)
                .bind(message.package.node_id.as_str())
        };
        let rows = database.read(BEGIN, query).await?;

        let mut itself = None;
        let mut above = HashMap::new();
        let mut descendants = Vec::new();
        for row in &rows {
            let package = package_of(row)?;
            match row.try_get::<i32, _>(0)? {
                0 => itself = Some(package),
                1 => {
                    above.insert(package.id, package);
                }
                _ => descendants.push(package),
            }
        }
        let Some(itself) = itself else { return Ok(None) };
        let ancestors = climb(&itself, above);
        Ok(Some(Self { itself, ancestors, descendants }))
    }

    /// The package and all that is restored in it, ascending ids within each part.
    pub(super) fn restored_with_package(&self) -> impl Iterator<Item = &PlannedPackage> {
        std::iter::once(&self.itself).chain(&self.descendants)
    }

    /// The folders directly above the package, up to the first that is not among the given ones: one that changed
    /// meanwhile parts those above it from the package.
    pub(super) fn contiguous_ancestors(&self, unchanged: &HashSet<PackageId>) -> HashSet<PackageId> {
        self.ancestors.iter().map(|folder| folder.id).take_while(|id| unchanged.contains(id)).collect()
    }

    /// All that the plan would change.
    pub(super) fn all(&self) -> impl Iterator<Item = &PlannedPackage> {
        self.ancestors.iter().chain(self.restored_with_package())
    }
}

/// Follow the parents of a package, as long as they are deleted folders.
fn climb(itself: &PlannedPackage, mut above: HashMap<PackageId, PlannedPackage>) -> Vec<PlannedPackage> {
    let mut ancestors = Vec::new();
    let mut next = itself.parent;
    // Taking each package out of the map ends a cycle.
    while let Some(folder) = next.and_then(|id| above.remove(&id)) {
        if folder.state != State::Deleted || !folder.is_folder {
            break;
        }
        next = folder.parent;
        ancestors.push(folder);
    }
    ancestors
}

fn package_of(row: &PgRow) -> Result<PlannedPackage, sqlx::Error> {
    Ok(PlannedPackage {
        id: PackageId(row.try_get(1)?),
        node_id: row.try_get(2)?,
        parent: row.try_get::<Option<i32>, _>(3)?.map(PackageId),
        state: State::from_name(row.try_get(4)?),
        is_folder: row.try_get(5)?,
        source_size: row.try_get(6)?,
        is_published: row.try_get::<Option<bool>, _>(7)?.unwrap_or(false),
    })
}

/// The parents of a package and of every folder above it, whatever its state. Until the transaction ends, none of these
/// folders can be moved.
pub(super) async fn lock_parents_above(
    connection: &mut PgConnection,
    message: &ReceivedRestoreMessage,
) -> Result<HashMap<PackageId, PackageId>, DatabaseError> {
    let packages = table(message.org_id, "packages");
    let sql = format!(
        "WITH RECURSIVE lineage AS ( \
           SELECT id, parent_id FROM {packages} WHERE id = $1 AND dataset_id = $2 \
           UNION \
           SELECT p.id, p.parent_id FROM lineage l JOIN {packages} p ON p.id = l.parent_id AND p.dataset_id = $2) \
         SELECT p.id, p.parent_id FROM {packages} p JOIN lineage l ON l.id = p.id ORDER BY p.id FOR SHARE OF p"
    );
    let mut before = None;
    loop {
        let query = sqlx::query_as(AssertSqlSafe(sql.clone()));
        let query = query.bind(message.package.id.0).bind(message.dataset_id.0);
        let rows: Vec<(i32, Option<i32>)> = query.fetch_all(&mut *connection).await?;
        let rows: HashMap<PackageId, Option<PackageId>> =
            rows.into_iter().map(|(id, parent)| (PackageId(id), parent.map(PackageId))).collect();
        // A folder that was moved while its row was waited for has a parent that this query did not look for.
        let is_whole = rows.values().flatten().all(|parent| rows.contains_key(parent));
        if is_whole || before.as_ref() == Some(&rows) {
            return Ok(rows.into_iter().filter_map(|(id, parent)| Some((id, parent?))).collect());
        }
        before = Some(rows);
    }
}

/// The node ids of the READY files of a package that is READY: of itself, or of all in it that is.
pub(super) async fn ready_files(
    database: &Database,
    message: &ReceivedRestoreMessage,
) -> Result<Vec<String>, DatabaseError> {
    let packages = table(message.org_id, "packages");
    let sql = format!(
        "WITH RECURSIVE ready AS ( \
           SELECT id FROM {packages} WHERE id = $1 AND dataset_id = $2 AND state = 'READY' \
           UNION \
           SELECT p.id FROM ready r JOIN {packages} p ON p.parent_id = r.id \
             AND p.dataset_id = $2 AND p.state = 'READY') \
         SELECT p.node_id FROM ready r JOIN {packages} p ON p.id = r.id \
         WHERE p.type <> 'Collection' AND p.node_id IS NOT NULL"
    );
    let query =
        || sqlx::query(AssertSqlSafe(sql.as_str())).bind(message.package.id.0).bind(message.dataset_id.0);
    let rows = database.read(BEGIN, query).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use openapi::PackageId;

    use super::{Plan, PlannedPackage, State, climb};

    fn folder(id: i32, parent: Option<i32>, state: State) -> PlannedPackage {
        PlannedPackage {
            id: PackageId(id),
            node_id: None,
            parent: parent.map(PackageId),
            state,
            is_folder: true,
            source_size: None,
            is_published: false,
        }
    }

    fn ancestors(itself: &PlannedPackage, folders: &[PlannedPackage]) -> Vec<i32> {
        let above: HashMap<_, _> = folders.iter().map(|folder| (folder.id, folder.clone())).collect();
        climb(itself, above).iter().map(|folder| folder.id.0).collect()
    }

    #[test]
    fn only_the_contiguous_deleted_chain_is_restored() {
        let itself = folder(9, Some(4), State::Restoring);
        let folders = [
            folder(4, Some(3), State::Deleted),
            folder(3, Some(2), State::Other),
            folder(2, Some(1), State::Deleted),
            folder(1, None, State::Ready),
        ];
        assert_eq!(ancestors(&itself, &folders), [4]);
    }

    #[test]
    fn a_folder_that_changed_parts_those_above_it() {
        let ancestors = [4, 3, 2].map(|id| folder(id, Some(id - 1), State::Deleted)).to_vec();
        let itself = folder(9, Some(4), State::Restoring);
        let plan = Plan { itself, ancestors, descendants: vec![] };
        let contiguous = |unchanged: &[i32]| {
            let unchanged: HashSet<_> = unchanged.iter().copied().map(PackageId).collect();
            plan.contiguous_ancestors(&unchanged).len()
        };
        assert_eq!([contiguous(&[4, 3, 2, 9]), contiguous(&[4, 2, 9]), contiguous(&[3, 2, 9])], [3, 1, 0]);
    }

    #[test]
    fn a_cycle_of_parents_ends() {
        let itself = folder(9, Some(4), State::Restoring);
        let folders = [folder(4, Some(3), State::Deleted), folder(3, Some(4), State::Deleted)];
        assert_eq!(ancestors(&itself, &folders), [4, 3]);
    }
}
