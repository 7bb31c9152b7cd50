//! The transaction in which packages become READY.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use openapi::{PackageId, ReceivedRestoreMessage};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::changelog::{self, RestoredName};
use super::error::{RestoreError, Unrestorable};
use super::names::{PendingRename, SUFFIX, TakenNames, assign_names};
use super::plan::{self, Plan, State};
use super::storage;
use crate::platform::backoff::back_off;
use crate::platform::database::{self, Database, DatabaseError, Statement};
use crate::telemetry;

/// The number of attempts if the transaction conflicts with others.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The settings of the transaction.
///
/// It fails instead of waiting for a long transaction, because the message is received again. If the function
/// crashes, the server releases the locks of the folder.
///
/// They are local to the transaction and set by a query, because the RDS proxy accepts no options in a
/// connection request.
const BEGIN: &str = "BEGIN; SELECT set_config('lock_timeout', '15s', true), \
                     set_config('idle_in_transaction_session_timeout', '120s', true), \
                     set_config('jit', 'off', true)";

/// The time limit for sending the changelog.
///
/// Meanwhile the transaction is idle and its rows are locked, and the server ends it after 120 seconds.
const CHANGELOG_TIME: Duration = Duration::from_secs(100);

/// The restore of a plan.
pub(super) struct Transaction<'a> {
    pub(super) database: &'a Database,
    pub(super) message: &'a ReceivedRestoreMessage,
    pub(super) message_id: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) unrestorable: &'a HashMap<PackageId, Unrestorable>,
}

/// What a transaction has restored.
pub(super) struct Restored {
    pub(super) packages: Vec<PackageId>,
    /// The bytes that were added to the storage counters.
    pub(super) bytes: i64,
    pub(super) changelog_messages: usize,
}

/// What the attempts of a transaction have announced.
#[derive(Default)]
struct Announced {
    packages: Vec<RestoredName>,
    /// The number of messages with changelog events.
    messages: usize,
}

/// A locked row of a package in the plan.
struct LockedPackage {
    naming: PendingRename,
    node_id: String,
    is_ancestor: bool,
}

impl Transaction<'_> {
    /// Restores the packages that can be restored, and returns which became READY.
    ///
    /// Returns `None` if the package of the message is not RESTORING any more.
    ///
    /// After a taken name, a deadlock or a broken connection, the whole transaction starts over. A savepoint
    /// would keep the locks, and so the deadlock. Only changes to what was announced are announced again.
    pub(super) async fn run(
        &self,
        record_sizes: &HashMap<PackageId, i64>,
        sqs: &aws_sdk_sqs::Client,
        jobs_queue_url: &str,
    ) -> Result<Option<Restored>, RestoreError> {
        let mut announced = Announced::default();
        let mut attempt = 0;
        loop {
            match self.attempt(&mut announced, record_sizes, sqs, jobs_queue_url).await {
                Err(RestoreError::Database(error))
                    if (error.is_conflict() || error.needs_another_connection())
                        && attempt + 1 < ATTEMPTS =>
                {
                    if error.needs_another_connection() {
                        telemetry::count_reconnect();
                    }
                    tracing::warn!(%error, "starting over");
                    attempt += 1;
                    back_off(FIRST_PAUSE, attempt).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Executes the transaction once.
    ///
    /// `announced` contains what earlier attempts have announced, and then what this one has.
    async fn attempt(
        &self,
        announced: &mut Announced,
        record_sizes: &HashMap<PackageId, i64>,
        sqs: &aws_sdk_sqs::Client,
        jobs_queue_url: &str,
    ) -> Result<Option<Restored>, RestoreError> {
        let prepared = self.prepare(&announced.packages).await?;
        let Some((mut transaction, restored)) = prepared else { return Ok(None) };
        if announced.packages != restored {
            let announcement = changelog::send(sqs, jobs_queue_url, self.message, self.message_id, &restored);
            let announcement = telemetry::step("send the changelog", announcement);
            let sent = tokio::time::timeout(CHANGELOG_TIME, announcement).await;
            announced.messages += sent.unwrap_or(Err(RestoreError::ChangelogTimedOut))?;
            announced.packages = restored;
        }
        let bytes = self.count(&mut transaction, record_sizes, &announced.packages).await?;
        transaction.commit().await?;
        let packages = announced.packages.iter().map(|package| package.id).collect();
        Ok(Some(Restored { packages, bytes, changelog_messages: announced.messages }))
    }

    /// Sets names and states in a transaction that stays open.
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

    /// Counts the restored sizes, and returns their sum.
    ///
    /// The platform locks the same rows in another order, so deadlocks are possible.
    async fn count(
        &self,
        connection: &mut PgConnection,
        record_sizes: &HashMap<PackageId, i64>,
        restored: &[RestoredName],
    ) -> Result<i64, DatabaseError> {
        let ids: HashSet<PackageId> = restored.iter().map(|package| package.id).collect();
        let sizes: HashMap<PackageId, i64> = self
            .plan
            .restored_with_package()
            .filter(|package| !package.is_folder && ids.contains(&package.id))
            .map(|package| (package.id, storage::size_of(package, record_sizes.get(&package.id).copied())))
            .filter(|(_, size)| *size > 0)
            .collect();
        if sizes.is_empty() {
            return Ok(0);
        }
        // The plan can be outdated: a live folder above may have been moved since.
        let parents_above = plan::lock_parents_above(connection, self.message).await?;
        let increments = storage::increments(self.plan, parents_above, &sizes);
        let total = sizes.values().copied().fold(0, i64::saturating_add);
        storage::count(connection, self.message, &increments, total).await?;
        Ok(total)
    }

    /// Locks the rows of the plan, and returns those that are unchanged.
    ///
    /// Rows are locked in ascending order of ids. Returns `None` if the package of the message is not
    /// RESTORING any more.
    async fn lock(&self, connection: &mut PgConnection) -> Result<Option<Vec<LockedPackage>>, DatabaseError> {
        let ids = self.plan.all().map(|package| package.id);
        let ids: Vec<PackageId> = ids.filter(|id| !self.unrestorable.contains_key(id)).collect();
        let statement = self.statement(
            "SELECT id, node_id, name, parent_id, state FROM {schema}.packages WHERE id = ANY($1) \
             ORDER BY id FOR NO KEY UPDATE",
        );
        let rows = statement.bind(ids).fetch_all(connection).await?;
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

    /// Assigns the names.
    ///
    /// The result is in the order of the changelog: ancestors first, then ascending ids.
    async fn name(
        &self,
        connection: &mut PgConnection,
        mut locked: Vec<LockedPackage>,
        announced: &[RestoredName],
    ) -> Result<Vec<RestoredName>, DatabaseError> {
        locked.sort_by_key(|package| (!package.is_ancestor, package.naming.id));
        let namings: Vec<PendingRename> = locked.iter().map(|package| package.naming.clone()).collect();
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

    /// Returns the names that are taken.
    ///
    /// These are original and announced names of other packages in the same folders. For folders in which an
    /// original name is taken or wanted twice, names with a suffix are included.
    async fn taken_names(
        &self,
        connection: &mut PgConnection,
        namings: &[PendingRename],
        announced: &HashMap<PackageId, &str>,
    ) -> Result<TakenNames, DatabaseError> {
        let wanted = namings.iter().flat_map(|naming| {
            let names = [Some(naming.original_name.as_str()), announced.get(&naming.id).copied()];
            names.into_iter().flatten().map(|name| (naming.parent, name))
        });
        let (parents, names): (Vec<Option<PackageId>>, Vec<&str>) = wanted.unzip();
        // Each half uses one of the two partial indexes of names.
        let statement = self.statement(
            "WITH wanted AS (SELECT DISTINCT parent_id, name \
               FROM unnest($2::int[], $3::text[]) AS w(parent_id, name)) \
             SELECT p.parent_id, p.name FROM wanted w JOIN {schema}.packages p ON p.dataset_id = $1 \
               AND p.parent_id = w.parent_id AND p.name = w.name \
             UNION ALL \
             SELECT p.parent_id, p.name FROM wanted w JOIN {schema}.packages p ON p.dataset_id = $1 \
               AND p.parent_id IS NULL AND w.parent_id IS NULL AND p.name = w.name",
        );
        let query = statement.bind(self.message.dataset_id).bind(parents).bind(names);
        let rows = query.fetch_all(connection).await?;
        let mut taken = names_of(&rows)?;

        let mut seen = HashSet::new();
        let crowded: HashSet<Option<PackageId>> = namings
            .iter()
            .filter(|naming| {
                let place = (naming.parent, naming.original_name.clone());
                taken.contains(&place) || !seen.insert(place)
            })
            .map(|naming| naming.parent)
            .collect();
        if crowded.is_empty() {
            return Ok(taken);
        }
        let statement = self.statement(
            "SELECT parent_id, name FROM {schema}.packages WHERE dataset_id = $1 \
             AND (parent_id = ANY($2) OR ($3 AND parent_id IS NULL)) AND position($4 IN name) > 0",
        );
        let folders: Vec<PackageId> = crowded.iter().copied().flatten().collect();
        let query = statement.bind(self.message.dataset_id).bind(folders);
        let query = query.bind(crowded.contains(&None)).bind(SUFFIX);
        let rows = query.fetch_all(connection).await?;
        taken.extend(names_of(&rows)?);
        Ok(taken)
    }

    async fn make_ready(
        &self,
        connection: &mut PgConnection,
        restored: &[RestoredName],
    ) -> Result<(), DatabaseError> {
        let statement = self.statement(
            "UPDATE {schema}.packages p SET name = r.name, state = 'READY' \
             FROM unnest($1::int[], $2::text[]) AS r(id, name) WHERE p.id = r.id",
        );
        let ids: Vec<PackageId> = restored.iter().map(|package| package.id).collect();
        let names: Vec<&str> = restored.iter().map(|package| package.name.as_str()).collect();
        statement.bind(ids).bind(names).fetch_all(connection).await?;
        Ok(())
    }

    /// Moves the package of the message back to DELETED, because it cannot be restored.
    ///
    /// Nothing else changes.
    pub(super) async fn give_up(&self) -> Result<(), DatabaseError> {
        let statement = self.statement(
            "UPDATE {schema}.packages SET state = 'DELETED' WHERE id = $1 AND state = 'RESTORING'",
        );
        // If the response is lost, the message fails and is received again. The package is DELETED or still RESTORING then.
        self.database.change(|_| statement.bind(self.plan.itself.id)).await?;
        Ok(())
    }

    fn statement(&self, text: &'static str) -> Statement {
        Statement::for_organization(text, self.message.org_id)
    }
}

fn locked_package(row: &PgRow, is_ancestor: bool) -> Result<LockedPackage, sqlx::Error> {
    let node_id: Option<String> = row.try_get(1)?;
    let parent = row.try_get::<Option<i32>, _>(3)?.map(PackageId);
    let naming = PendingRename::new(PackageId(row.try_get(0)?), parent, row.try_get(2)?, node_id.clone());
    Ok(LockedPackage { naming, node_id: node_id.unwrap_or_default(), is_ancestor })
}

fn names_of(rows: &[PgRow]) -> Result<TakenNames, sqlx::Error> {
    rows.iter().map(|row| Ok((row.try_get::<Option<i32>, _>(0)?.map(PackageId), row.try_get(1)?))).collect()
}
