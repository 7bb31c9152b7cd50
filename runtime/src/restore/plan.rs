//! The plan of a restore, which one query reads.

use std::collections::{HashMap, HashSet};

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use crate::platform::database::{Database, DatabaseError, Statement};

/// The planner does not know the depth of a recursion and overestimates its cost.
///
/// Without this setting it compiles the query, which takes longer than executing it:
/// <https://www.postgresql.org/docs/current/jit-decision.html>.
const BEGIN: &str = "BEGIN READ ONLY; SELECT set_config('jit', 'off', true)";

/// The states that matter to a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not deleted.
    Ready,
    /// Deleted, and restorable.
    Deleted,
    /// To be restored.
    Restoring,
    /// Another state, such as being deleted or uploaded.
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

/// A package in the state in which the query read it.
#[derive(Clone, Debug)]
pub(super) struct PlannedPackage {
    pub(super) id: PackageId,
    pub(super) node_id: Option<String>,
    pub(super) parent: Option<PackageId>,
    pub(super) state: State,
    pub(super) is_folder: bool,
    /// The size of its source files in bytes, if one of them has a size.
    pub(super) source_size: Option<i64>,
    /// Whether it has source files and all are published.
    ///
    /// Published files are in the publish bucket and are not deleted.
    pub(super) is_published: bool,
}

impl PlannedPackage {
    /// Returns whether a delete marker hides its object.
    pub(super) fn has_deleted_object(&self) -> bool {
        !self.is_folder && !self.is_published
    }
}

/// The packages that a message restores.
#[derive(Debug)]
pub(super) struct Plan {
    /// The package of the message.
    pub(super) itself: PlannedPackage,
    /// The contiguous chain of deleted folders above it.
    pub(super) ancestors: Vec<PlannedPackage>,
    /// Everything that is deleted in it, in ascending order of ids.
    ///
    /// It is reachable through deleted folders.
    pub(super) descendants: Vec<PlannedPackage>,
}

impl Plan {
    /// Reads the plan of a message.
    ///
    /// Returns `None` if the package does not exist in the dataset.
    ///
    /// The recursions use `UNION`, which removes duplicate rows, so they end at a cycle of parents. A sum of
    /// sizes outside of `bigint` is limited to its range, because `sum` returns a `numeric`.
    pub(super) async fn read(
        database: &Database,
        message: &ReceivedRestoreMessage,
    ) -> Result<Option<Self>, DatabaseError> {
        let statement = Statement::for_organization(
            "WITH RECURSIVE itself AS ( \
               SELECT id, parent_id, type FROM {schema}.packages \
               WHERE id = $1 AND dataset_id = $2 AND node_id = $3), \
             lineage AS ( \
               SELECT p.id, p.parent_id FROM itself i \
               JOIN {schema}.packages p ON p.id = i.parent_id AND p.dataset_id = $2 \
               UNION \
               SELECT p.id, p.parent_id FROM lineage l \
               JOIN {schema}.packages p ON p.id = l.parent_id AND p.dataset_id = $2), \
             descendant AS ( \
               SELECT p.id FROM itself i JOIN {schema}.packages p ON p.parent_id = i.id \
                 AND p.dataset_id = $2 AND p.state = 'DELETED' AND i.type = 'Collection' \
               UNION \
               SELECT p.id FROM descendant d JOIN {schema}.packages p ON p.parent_id = d.id \
                 AND p.dataset_id = $2 AND p.state = 'DELETED'), \
             part AS ( \
               SELECT id, min(kind) AS kind FROM ( \
                 SELECT id, 0 AS kind FROM itself UNION ALL \
                 SELECT id, 1 FROM lineage UNION ALL \
                 SELECT id, 2 FROM descendant) AS parts GROUP BY id) \
             SELECT part.kind, p.id, p.node_id, p.parent_id, p.state, p.type = 'Collection', f.size, f.published \
             FROM part JOIN {schema}.packages p ON p.id = part.id \
             LEFT JOIN LATERAL ( \
               SELECT (CASE WHEN sum(size) > 9223372036854775807 THEN 9223372036854775807 \
                 WHEN sum(size) < 0 THEN 0 ELSE sum(size) END)::bigint AS size, \
                 bool_and(published_s3_version_id IS NOT NULL) AS published \
               FROM {schema}.files \
               WHERE package_id = p.id AND object_type = 'source' AND part.kind <> 1) f ON TRUE \
             ORDER BY p.id",
            message.org_id,
        );
        let package = &message.package;
        let query = || statement.bind(package.id).bind(message.dataset_id).bind(&package.node_id);
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
        Ok(Some(Self::new(itself, above, descendants)))
    }

    /// Returns the plan for a package, all folders above it, and its deleted descendants.
    pub(super) fn new(
        itself: PlannedPackage,
        above: HashMap<PackageId, PlannedPackage>,
        descendants: Vec<PlannedPackage>,
    ) -> Self {
        let ancestors = climb(&itself, above);
        Self { itself, ancestors, descendants }
    }

    /// Returns the package and its descendants.
    pub(super) fn restored_with_package(&self) -> impl Iterator<Item = &PlannedPackage> {
        std::iter::once(&self.itself).chain(&self.descendants)
    }

    /// Returns the packages whose object a delete marker hides.
    pub(super) fn with_deleted_object(&self) -> Vec<&PlannedPackage> {
        self.restored_with_package().filter(|package| package.has_deleted_object()).collect()
    }

    /// Returns the folders above the package that are all unchanged.
    ///
    /// A folder that changed meanwhile separates those above it from the package.
    pub(super) fn contiguous_ancestors(&self, unchanged: &HashSet<PackageId>) -> HashSet<PackageId> {
        self.ancestors.iter().map(|folder| folder.id).take_while(|id| unchanged.contains(id)).collect()
    }

    /// Returns all packages of the plan.
    pub(super) fn all(&self) -> impl Iterator<Item = &PlannedPackage> {
        self.ancestors.iter().chain(self.restored_with_package())
    }
}

/// Returns the contiguous chain of deleted folders above a package.
fn climb(itself: &PlannedPackage, mut above: HashMap<PackageId, PlannedPackage>) -> Vec<PlannedPackage> {
    let mut ancestors = Vec::new();
    let mut next = itself.parent;
    // Each package is removed from the map, which ends a cycle.
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

/// Locks a package and every folder above it, and returns the parent of each.
///
/// None of them can be moved until the transaction ends.
pub(super) async fn lock_parents_above(
    connection: &mut PgConnection,
    message: &ReceivedRestoreMessage,
) -> Result<HashMap<PackageId, PackageId>, DatabaseError> {
    let statement = Statement::for_organization(
        "WITH RECURSIVE lineage AS ( \
           SELECT id, parent_id FROM {schema}.packages WHERE id = $1 AND dataset_id = $2 \
           UNION \
           SELECT p.id, p.parent_id FROM lineage l \
           JOIN {schema}.packages p ON p.id = l.parent_id AND p.dataset_id = $2) \
         SELECT p.id, p.parent_id FROM {schema}.packages p JOIN lineage l ON l.id = p.id \
         ORDER BY p.id FOR SHARE OF p",
        message.org_id,
    );
    let mut before = None;
    loop {
        let query = statement.bind(message.package.id).bind(message.dataset_id);
        let rows = query.fetch_all(connection).await?;
        let parent_of = |row: &PgRow| {
            Ok::<_, sqlx::Error>((
                PackageId(row.try_get(0)?),
                row.try_get::<Option<i32>, _>(1)?.map(PackageId),
            ))
        };
        let rows: HashMap<PackageId, Option<PackageId>> =
            rows.iter().map(parent_of).collect::<Result<_, _>>()?;
        // A folder that was moved while this query waited for its row has a parent that the query did not search for.
        let is_whole = rows.values().flatten().all(|parent| rows.contains_key(parent));
        if is_whole || before.as_ref() == Some(&rows) {
            return Ok(rows.into_iter().filter_map(|(id, parent)| Some((id, parent?))).collect());
        }
        before = Some(rows);
    }
}

/// Returns the node ids of the READY files in a READY package.
///
/// For a file, it is its own node id.
pub(super) async fn ready_files(
    database: &Database,
    message: &ReceivedRestoreMessage,
) -> Result<Vec<String>, DatabaseError> {
    let statement = Statement::for_organization(
        "WITH RECURSIVE ready AS ( \
           SELECT id FROM {schema}.packages WHERE id = $1 AND dataset_id = $2 AND state = 'READY' \
           UNION \
           SELECT p.id FROM ready r JOIN {schema}.packages p ON p.parent_id = r.id \
             AND p.dataset_id = $2 AND p.state = 'READY') \
         SELECT p.node_id FROM ready r JOIN {schema}.packages p ON p.id = r.id \
         WHERE p.type <> 'Collection' AND p.node_id IS NOT NULL",
        message.org_id,
    );
    let query = || statement.bind(message.package.id).bind(message.dataset_id);
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
    fn only_the_contiguous_chain_of_deleted_folders_is_restored() {
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
    fn changed_folder_separates_those_above_it() {
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
    fn cycle_of_parents_ends() {
        let itself = folder(9, Some(4), State::Restoring);
        let folders = [folder(4, Some(3), State::Deleted), folder(3, Some(4), State::Deleted)];
        assert_eq!(ancestors(&itself, &folders), [4, 3]);
    }
}
