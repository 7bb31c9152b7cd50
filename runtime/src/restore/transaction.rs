//! The one transaction in which packages become READY.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::changelog::{self, RestoredName};
use super::names::{Nameless, SUFFIX, TakenNames, assign_names};
use super::plan::{self, Plan, State};
use super::{RestoreError, Unrestorable, storage};
use crate::platform::backoff::back_off;
use crate::platform::database::{self, Database, DatabaseError, table};

/// How often something is tried again because another transaction was in the way.
const ATTEMPTS: u32 = 6;

/// Rather fail and come again than wait behind a long transaction of somebody else; and should this function vanish, the
/// server shall let go of a folder's locks. Local to the transaction, and as a query, because the RDS proxy takes no
/// options at connect.
const BEGIN: &str = "BEGIN; SELECT set_config('lock_timeout', '15s', true), \
                     set_config('idle_in_transaction_session_timeout', '120s', true), \
                     set_config('jit', 'off', true)";

/// How long the changelog may take. The transaction is idle meanwhile, with a folder's rows locked, and the server ends it
/// after 120 seconds.
const CHANGELOG_TIME: Duration = Duration::from_secs(100);

/// What the transaction works on.
pub(super) struct Transaction<'a> {
    pub(super) database: &'a Database,
    pub(super) message: &'a ReceivedRestoreMessage,
    pub(super) message_id: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) unrestorable: &'a HashMap<PackageId, Unrestorable>,
}

/// A row of the plan as it is now, locked.
struct LockedPackage {
    naming: Nameless,
    node_id: String,
    is_ancestor: bool,
}

impl Transaction<'_> {
    /// Restores all that can be, and returns which packages became READY; `None` if the package is not RESTORING any more.
    ///
    /// A name that somebody just took, a deadlock, or a connection that breaks, starts the transaction over, all of it: a
    /// savepoint would keep the locks of the rows, and with them the deadlock. What was announced by then is announced again
    /// only where it is no longer so.
    pub(super) async fn run(
        &self,
        record_sizes: &HashMap<PackageId, i64>,
        sqs: &aws_sdk_sqs::Client,
        jobs_queue_url: &str,
    ) -> Result<Option<Vec<PackageId>>, RestoreError> {
        let mut announced = Vec::new();
        let mut attempt = 0;
        loop {
            match self.attempt(&mut announced, record_sizes, sqs, jobs_queue_url).await {
                Err(RestoreError::Database(error))
                    if (error.is_conflict() || error.needs_another_connection())
                        && attempt + 1 < ATTEMPTS =>
                {
                    tracing::warn!(message_id = self.message_id, %error, "starting over");
                    attempt += 1;
                    back_off(attempt).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// One transaction. `announced` is what earlier ones have announced, and then what this one has.
    async fn attempt(
        &self,
        announced: &mut Vec<RestoredName>,
        record_sizes: &HashMap<PackageId, i64>,
        sqs: &aws_sdk_sqs::Client,
        jobs_queue_url: &str,
    ) -> Result<Option<Vec<PackageId>>, RestoreError> {
        let Some((mut transaction, restored)) = self.prepare(announced).await? else { return Ok(None) };
        if *announced != restored {
            let announcement = changelog::send(sqs, jobs_queue_url, self.message, self.message_id, &restored);
            let sent = tokio::time::timeout(CHANGELOG_TIME, announcement).await;
            sent.unwrap_or(Err(RestoreError::Throttled("the changelog")))?;
            *announced = restored;
        }
        self.count(&mut transaction, record_sizes, announced).await?;
        transaction.commit().await?;
        Ok(Some(announced.iter().map(|package| package.id).collect()))
    }

    /// Sets names and states, in a transaction that is still open.
    async fn prepare(
        &self,
        announced: &[RestoredName],
    ) -> Result<Option<(database::Transaction, Vec<RestoredName>)>, DatabaseError> {
        let mut transaction = self.database.begin(BEGIN).await?;
        let Some(locked) = self.lock(&mut transaction).await? else {
            transaction.rollback().await?;
            return Ok(None);
        };
        let restored = self.name(&mut transaction, locked, announced).await?;
        self.make_ready(&mut transaction, &restored).await?;
        Ok(Some((transaction, restored)))
    }

    /// Counts. The platform locks these rows too, in an order of its own, so that deadlocks are to be expected.
    async fn count(
        &self,
        connection: &mut PgConnection,
        record_sizes: &HashMap<PackageId, i64>,
        restored: &[RestoredName],
    ) -> Result<(), DatabaseError> {
        let ids: HashSet<PackageId> = restored.iter().map(|package| package.id).collect();
        let sizes: HashMap<PackageId, i64> = self
            .plan
            .restored_with_package()
            .filter(|package| !package.is_folder && ids.contains(&package.id))
            .map(|package| (package.id, storage::size_of(package, record_sizes.get(&package.id).copied())))
            .filter(|(_, size)| *size > 0)
            .collect();
        if sizes.is_empty() {
            return Ok(());
        }
        // Not those of the plan: while S3 was at work somebody may have moved a live folder that all of this is in.
        let parents_above = plan::lock_parents_above(connection, self.message).await?;
        let increments = storage::increments(self.plan, parents_above, &sizes);
        let total = sizes.values().copied().fold(0, i64::saturating_add);
        storage::count(connection, self.message, &increments, total).await
    }

    /// Lock the rows of the plan, in ascending ids, and keep those that are still as they were planned. None where the
    /// package itself is no longer RESTORING.
    async fn lock(&self, connection: &mut PgConnection) -> Result<Option<Vec<LockedPackage>>, DatabaseError> {
        let ids: Vec<i32> = self
            .plan
            .all()
            .filter(|package| !self.unrestorable.contains_key(&package.id))
            .map(|package| package.id.0)
            .collect();
        let sql = format!(
            "SELECT id, node_id, name, parent_id, state FROM {packages} WHERE id = ANY($1) \
             ORDER BY id FOR NO KEY UPDATE",
            packages = table(self.message.org_id, "packages"),
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(ids).fetch_all(connection).await?;
        let ancestors: HashSet<PackageId> = self.plan.ancestors.iter().map(|package| package.id).collect();
        let mut itself_is_locked = false;
        let mut locked = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = PackageId(row.try_get(0)?);
            let is_itself = id == self.plan.itself.id;
            let expected = if is_itself { State::Restoring } else { State::Deleted };
            if State::from_name(row.try_get(4)?) == expected {
                itself_is_locked |= is_itself;
                locked.push(locked_package(row, ancestors.contains(&id))?);
            }
        }
        let ids: HashSet<PackageId> =
            locked.iter().map(|package: &LockedPackage| package.naming.id).collect();
        let contiguous = self.plan.contiguous_ancestors(&ids);
        locked.retain(|package| !package.is_ancestor || contiguous.contains(&package.naming.id));
        Ok(itself_is_locked.then_some(locked))
    }

    /// Decides the names. Ancestors first, then ascending ids: the order of the changelog.
    async fn name(
        &self,
        connection: &mut PgConnection,
        mut locked: Vec<LockedPackage>,
        announced: &[RestoredName],
    ) -> Result<Vec<RestoredName>, DatabaseError> {
        locked.sort_by_key(|package| (!package.is_ancestor, package.naming.id));
        let namings: Vec<Nameless> = locked.iter().map(|package| package.naming.clone()).collect();
        let announced: HashMap<PackageId, &str> =
            announced.iter().map(|package| (package.id, package.name.as_str())).collect();
        let taken = self.taken_names(connection, &namings, &announced).await?;
        let names = assign_names(&namings, taken, &announced);
        let restored = locked.into_iter().zip(names).map(|(package, name)| RestoredName {
            id: package.naming.id,
            node_id: package.node_id,
            name,
            original_name: package.naming.original_name,
        });
        Ok(restored.collect())
    }

    /// The names in the way: other packages of the same folder that have an original or an announced name, or one with a
    /// suffix where an original name is taken or wanted twice.
    async fn taken_names(
        &self,
        connection: &mut PgConnection,
        namings: &[Nameless],
        announced: &HashMap<PackageId, &str>,
    ) -> Result<TakenNames, DatabaseError> {
        let wanted = namings.iter().flat_map(|naming| {
            let parent = naming.parent.map(|id| id.0);
            let names = [Some(naming.original_name.as_str()), announced.get(&naming.id).copied()];
            names.into_iter().flatten().map(move |name| (parent, name))
        });
        let (parents, names): (Vec<Option<i32>>, Vec<&str>) = wanted.unzip();
        let packages = table(self.message.org_id, "packages");
        // The two halves use the two partial indexes of names.
        let sql = format!(
            "WITH wanted AS (SELECT DISTINCT parent_id, name \
               FROM unnest($2::int[], $3::text[]) AS w(parent_id, name)) \
             SELECT p.parent_id, p.name FROM wanted w JOIN {packages} p ON p.dataset_id = $1 \
               AND p.parent_id = w.parent_id AND p.name = w.name \
             UNION ALL \
             SELECT p.parent_id, p.name FROM wanted w JOIN {packages} p ON p.dataset_id = $1 \
               AND p.parent_id IS NULL AND w.parent_id IS NULL AND p.name = w.name"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(self.message.dataset_id.0)
            .bind(&parents)
            .bind(&names)
            .fetch_all(&mut *connection)
            .await?;
        let mut taken = names_of(&rows)?;

        let mut seen = HashSet::new();
        let crowded: HashSet<Option<i32>> = namings
            .iter()
            .filter(|naming| {
                let place = (naming.parent, naming.original_name.clone());
                taken.contains(&place) || !seen.insert(place)
            })
            .map(|naming| naming.parent.map(|id| id.0))
            .collect();
        if crowded.is_empty() {
            return Ok(taken);
        }
        let sql = format!(
            "SELECT parent_id, name FROM {packages} WHERE dataset_id = $1 \
             AND (parent_id = ANY($2) OR ($3 AND parent_id IS NULL)) AND position($4 IN name) > 0"
        );
        let folders: Vec<i32> = crowded.iter().copied().flatten().collect();
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(self.message.dataset_id.0)
            .bind(folders)
            .bind(crowded.contains(&None))
            .bind(SUFFIX)
            .fetch_all(connection)
            .await?;
        taken.extend(names_of(&rows)?);
        Ok(taken)
    }

    async fn make_ready(
        &self,
        connection: &mut PgConnection,
        restored: &[RestoredName],
    ) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE {packages} p SET name = r.name, state = 'READY' \
             FROM unnest($1::int[], $2::text[]) AS r(id, name) WHERE p.id = r.id",
            packages = table(self.message.org_id, "packages"),
        );
        let ids: Vec<i32> = restored.iter().map(|package| package.id.0).collect();
        let names: Vec<&str> = restored.iter().map(|package| package.name.as_str()).collect();
        sqlx::query(AssertSqlSafe(sql)).bind(ids).bind(names).execute(connection).await?;
        Ok(())
    }

    /// The package itself cannot be restored: it goes back to DELETED, and nothing else changes.
    pub(super) async fn give_up(&self) -> Result<(), DatabaseError> {
        let sql = format!(
            "UPDATE {packages} SET state = 'DELETED' WHERE id = $1 AND state = 'RESTORING'",
            packages = table(self.message.org_id, "packages"),
        );
        // Where the answer is lost the message fails, and comes again to a package that is DELETED or still RESTORING.
        self.database
            .change(|_| sqlx::query(AssertSqlSafe(sql.as_str())).bind(self.plan.itself.id.0))
            .await?;
        Ok(())
    }
}

fn locked_package(row: &PgRow, is_ancestor: bool) -> Result<LockedPackage, sqlx::Error> {
    let node_id: Option<String> = row.try_get(1)?;
    let parent = row.try_get::<Option<i32>, _>(3)?.map(PackageId);
    let naming = Nameless::new(PackageId(row.try_get(0)?), parent, row.try_get(2)?, node_id.clone());
    Ok(LockedPackage { naming, node_id: node_id.unwrap_or_default(), is_ancestor })
}

fn names_of(rows: &[PgRow]) -> Result<TakenNames, sqlx::Error> {
    rows.iter().map(|row| Ok((row.try_get::<Option<i32>, _>(0)?.map(PackageId), row.try_get(1)?))).collect()
}
