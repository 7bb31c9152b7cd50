//! The computing part of a restore, without the database and without AWS, for a benchmark.
//!
//! `runtime/instructions` counts its instructions. It is public for this, and is not part of a function.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue;
use openapi::{PackageId, ReceivedRestoreMessage};

use super::changelog::{self, RestoredName};
use super::markers::{RehearsedBucket, rehearse, rehearsed_bucket};
use super::message::assign_records;
use super::names::{PendingRename, TakenNames, assign_names};
use super::plan::{Plan, PlannedPackage, State};
use super::records::{BUCKET, KEY, NODE_ID, RecordReading, VERSION, Version, reading_of};
use super::storage;

const FOLDERS: i32 = 10;
/// One of so many names is taken when its package is restored.
const TAKEN: usize = 10;

/// What the database, DynamoDB and S3 return for a deleted folder.
pub struct Rehearsal {
    message: ReceivedRestoreMessage,
    itself: PlannedPackage,
    above: HashMap<PackageId, PlannedPackage>,
    descendants: Vec<PlannedPackage>,
    deleted_names: Vec<String>,
    taken: TakenNames,
    items: Vec<HashMap<String, AttributeValue>>,
    bucket: RehearsedBucket,
}

/// What a rehearsal has computed.
#[derive(Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// The number of packages with a name.
    pub packages: usize,
    /// The number of packages whose object can be restored.
    pub objects: usize,
    /// The number of names with a suffix.
    pub renamed: usize,
    /// The number of changelog messages.
    pub messages: usize,
    /// The bytes that are counted for the folder.
    pub bytes: i64,
}

impl Rehearsal {
    /// Returns the restore of a folder with so many packages in it: ten folders, and files in these.
    pub fn of_folder(packages: i32) -> Result<Self, Box<dyn Error>> {
        let folder = r#"{"id":1,"nodeId":"N:collection:1"}"#;
        let body = format!(r#"{{"orgId":2,"datasetId":1,"userId":"N:user:1","package":{folder}}}"#);
        let itself = PlannedPackage { parent: Some(PackageId(0)), ..package(1) };
        let descendants: Vec<PlannedPackage> = (2..packages + 2).map(package).collect();
        let original_name = |package: &PlannedPackage| format!("recording {}.parquet", package.id);
        let deleted = |package: &PlannedPackage| {
            let node_id = package.node_id.as_deref().unwrap_or_default();
            format!("__DELETED__{node_id}_{}", original_name(package))
        };
        let deleted_names = std::iter::once(&itself).chain(&descendants).map(deleted).collect();
        let taken = descendants
            .iter()
            .step_by(TAKEN)
            .map(|package| (package.parent, original_name(package)))
            .collect();
        let files = || descendants.iter().filter(|package| !package.is_folder);
        let markers: Vec<Version> = files().map(marker).collect();
        let items = files().zip(&markers).map(|(package, marker)| item(package, marker)).collect();
        Ok(Self {
            message: ReceivedRestoreMessage::parse(&body)?,
            above: HashMap::from([(PackageId(0), PlannedPackage { parent: None, ..package(0) })]),
            itself: PlannedPackage { state: State::Restoring, ..itself },
            taken,
            items,
            bucket: rehearsed_bucket(&markers),
            deleted_names,
            descendants,
        })
    }

    /// Computes what a restore of the folder writes and sends.
    pub async fn run(self) -> Result<Rehearsed, Box<dyn Error>> {
        let plan = Plan::new(self.itself, self.above, self.descendants);

        let readings: HashMap<String, RecordReading> = self.items.iter().filter_map(reading_of).collect();
        let (records, _) = assign_records(plan.with_deleted_object(), readings);
        let objects = rehearse(&self.bucket, &records).await?;

        let renames = plan.restored_with_package().zip(self.deleted_names).map(|(package, deleted_name)| {
            PendingRename::new(package.id, package.parent, deleted_name, package.node_id.clone())
        });
        let renames: Vec<PendingRename> = renames.collect();
        let names = assign_names(&renames, self.taken, &HashMap::new());
        let restored = plan.restored_with_package().zip(renames).zip(names);
        let restored: Vec<RestoredName> = restored
            .map(|((package, rename), name)| RestoredName {
                id: package.id,
                node_id: package.node_id.clone().unwrap_or_default(),
                name,
                original_name: rename.original_name,
            })
            .collect();
        let bodies = changelog::bodies(&self.message, "message", &restored)?;

        let sizes: HashMap<PackageId, i64> = plan
            .restored_with_package()
            .filter(|package| !package.is_folder)
            .map(|package| {
                let record_size = records.get(&package.id).map(|record| record.object_size);
                (package.id, storage::size_of(package, record_size))
            })
            .collect();
        let parents_above = HashMap::from([(plan.itself.id, PackageId(0))]);
        let increments = storage::increments(&plan, parents_above, &sizes);

        Ok(Rehearsed {
            packages: restored.len(),
            objects,
            renamed: restored.iter().filter(|package| package.name != package.original_name).count(),
            messages: bodies.len(),
            bytes: increments.get(&plan.itself.id).copied().unwrap_or_default(),
        })
    }
}

/// Returns a deleted package. Those with the lowest ids are folders, and the others are files in them by turns.
fn package(id: i32) -> PlannedPackage {
    let is_folder = id < FOLDERS + 2;
    PlannedPackage {
        id: PackageId(id),
        node_id: Some(format!("N:package:{id:032x}")),
        parent: Some(PackageId(if is_folder { 1 } else { 2 + id % FOLDERS })),
        state: State::Deleted,
        is_folder,
        source_size: None,
        is_published: false,
    }
}

/// Returns the delete marker of a file.
fn marker(package: &PlannedPackage) -> Version {
    let id = package.id.0;
    Version {
        bucket: "storage".to_owned(),
        key: format!("O2/D1/P{id:012}/recording.parquet"),
        id: format!("{id:032}"),
    }
}

/// Returns the delete record of a file, as an item of the table.
fn item(package: &PlannedPackage, version: &Version) -> HashMap<String, AttributeValue> {
    let node_id = package.node_id.as_deref().unwrap_or_default();
    let attributes = [
        (NODE_ID, node_id),
        (BUCKET, &version.bucket),
        (KEY, &version.key),
        (VERSION, &version.id),
        ("ObjectSize", "1024"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), AttributeValue::S(value.to_owned()));
    attributes.into_iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Rehearsal, Rehearsed};

    #[tokio::test]
    async fn rehearsal_restores_the_folder_and_everything_in_it() {
        let rehearsed = Rehearsal::of_folder(1000).unwrap().run().await.unwrap();
        let expected =
            Rehearsed { packages: 1001, objects: 990, renamed: 100, messages: 1, bytes: 990 * 1024 };
        assert_eq!(rehearsed, expected);
    }
}
